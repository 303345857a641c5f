/**
 * The browser peer as JavaScript sees it. The Go program in this folder puts one `Peer` on the worker's global scope;
 * the dashboard reaches the same interface through a message port. A test compares this file with what the program exports.
 *
 * Every method returns a Promise. A refusal rejects with a `PeerError` whose `code` is from docs/PROTOCOL.md, section 12.
 * Ids are lower-case hex. Times are milliseconds since 1970.
 */

export type Role = 'guest' | 'member' | 'admin' | 'owner'
export type Presence = 'online' | 'away' | 'offline'
export type Kind = 'person' | 'agent' | 'connector'
export type Status = 'idle' | 'working' | 'needs-approval' | 'dnd'
export type Priority = 'now' | 'next' | 'low'
/** `sending`: in the outbox; `accepted`: durable on the relay; `delivered`: stored by a device of the recipient; `failed`: see `error`. */
export type DeliveryState = 'sending' | 'accepted' | 'delivered' | 'read' | 'failed' | 'received'
/** `joining`: claimed, not verified yet. `removed`: this device may no longer connect; what it has stays readable. */
export type Connection = 'connecting' | 'online' | 'offline' | 'joining' | 'removed'

export interface PeerError extends Error {
  readonly code: string
  /** Whether the same call can succeed later. */
  readonly retry: boolean
}

/** What an error looks like inside state and events, where nothing rejects. */
export interface Problem { code: string; message: string; retry: boolean }

export interface MeshSummary {
  meshId: string
  name: string
  memberId: string
  deviceId: string
  displayName: string
  role: Role
  relay: string
  connection: Connection
  problem: Problem | null
  unread: number
  /** Sealed messages that wait for the relay. */
  waiting: number
}

export interface Session {
  sessionId: string
  deviceId: string
  state: Presence
  since: number
  kind: Kind
  status: Status
  /** When the status began, by the clock of the session's device; 0: it does not tell. */
  statusSince: number
  summary: string
  host: string
  directory: string
  model: string
  tags: string[]
  client: string
}

export interface Member {
  memberId: string
  /** Empty while the member is "joining": its profile has not arrived. */
  name: string
  groups: string[]
  role: Role
  isSelf: boolean
  kind: Kind
  presence: Presence
  /** When the presence began; 0: never seen. */
  since: number
  /** `kind`, `status` and `summary` are those of the session that says the most: see MemberView of package peer. */
  status: Status
  summary: string
  sessions: Session[]
  deviceIds: string[]
  joinedAt: number
}

export interface Topic { topicId: string; name: string; description: string; archived: boolean; unread: number; lastAt: number }

/** A conversation with members: with one (one's own id: notes to one's other devices), or with several at once. */
export interface Direct {
  conversation: ConversationId
  memberIds: string[]
  /** The names of the members, joined by ", ". */
  name: string
  /** The names of those of them that left or were removed: nothing more can be written here. */
  departed: string[]
  unread: number
  lastAt: number
  lastText: string
}

/**
 * A question to this member that waits for its answer: a message of type `ask`, direct or in a topic that mentions the member.
 * It goes with the member's next message in the direct conversation with the one who asks, with one that replies to it, or
 * with `settleAsk`.
 */
export interface Ask {
  messageId: string
  conversation: ConversationId
  /** Member id of the one who asks. */
  from: string
  fromName: string
  /** Session id; empty: not told. */
  fromSession: string
  /** The beginning of the text. */
  text: string
  at: number
}

export interface MeshState extends MeshSummary {
  members: Member[]
  topics: Topic[]
  directs: Direct[]
  /** Oldest first. */
  asks: Ask[]
}

/** `topic:<topic id>` or `direct:<member id>`, or `group:<ids joined by ->` for several recipients. */
export type ConversationId = string

export interface Message {
  id: string
  conversation: ConversationId
  /** Member id of the sender. */
  from: string
  fromName: string
  fromDevice: string
  /** Member ids, or the topic id alone. */
  to: string[]
  topic: string
  text: string
  type: string
  priority: Priority
  replyTo: string
  mentions: string[]
  /** The recipient's session that it is meant for; empty: any. */
  session: string
  /** The session that it comes from; empty: not told. */
  fromSession: string
  sentAt: number
  /** When the relay took it; 0 while sending. */
  receivedAt: number
  state: DeliveryState
  error: Problem | null
  /** Number in the local log of this conversation; strictly rises; messages sort by it. */
  seq: number
  /** A hole in the log instead of a message: what was here is gone. */
  gap: boolean
}

export interface InvitePreview {
  link: string
  code: string
  relay: string
  meshId: string
  meshName: string
  inviterName: string
  inviterId: string
  role: Role
  memberCount: number
  members: { memberId: string; name: string; role: Role }[]
  expiresAt: number
  usesLeft: number
  /** Set where this browser is already in that mesh. */
  alreadyIn: boolean
}

export interface Invite {
  inviteId: string
  code: string
  /** Empty where this device did not make it: only the maker knows the secret. */
  link: string
  role: Role
  uses: number
  used: number
  expiresAt: number
  state: 'open' | 'exhausted' | 'expired' | 'revoked'
  issuerId: string
  /** QR code of the link: rows of 0 and 1, with no quiet zone; empty without a link, and where the invite is not open. */
  qr: string[]
}

export interface Recipient { memberId: string; name: string; kind: Kind; presence: Presence }

/** What a typed target means now. `problem` is `ambiguous` (with `candidates`), `not_found` or null. */
export interface Resolution {
  input: string
  kind: 'member' | 'members' | 'topic' | 'none'
  conversation: ConversationId
  topicId: string
  topicName: string
  recipients: Recipient[]
  /** The session that the target names; empty: any. */
  sessionId: string
  devices: number
  candidates: Recipient[]
  problem: Problem | null
}

export interface Suggestion { target: string; label: string; detail: string; kind: Kind | 'topic' | 'group' | 'tag' | 'all'; memberId: string }

export type PeerEvent =
  | { type: 'meshes' }
  | { type: 'mesh'; meshId: string }
  | { type: 'message'; meshId: string; message: Message; isNew: boolean }
  | { type: 'connection'; meshId: string; connection: Connection; problem: Problem | null }
  /** The program panicked and was started again; nothing stored was lost. The worker tells this, not the program. */
  | { type: 'restarted'; reason: string }
  /** Another, newer build of the peer takes over; reload the page. */
  | { type: 'superseded' }
  /** The store failed, or the browser deleted it; in the second case the meshes that were lost stay listed as `removed`. */
  | { type: 'storage'; problem: Problem }
  /** The page keeps `marker` in localStorage, in place of the one before, and hands it to the next `start`. */
  | { type: 'marker'; marker: string }

export interface StartOptions {
  /** Origin of the relay that serves this page; meshes keep the relay they were made on. */
  relay: string
  /** Build of the page. */
  build: string
  /**
   * The marker that the page kept; none at the first visit. It names the meshes of this browser, so that a store that the
   * browser deleted is told as lost and not taken for a first visit. A worker cannot reach localStorage, which outlives
   * IndexedDB where a browser evicts by itself.
   */
  marker?: string
}

/** `persisted`: whether the browser promised to keep the store. The page asks for that: a worker may not. */
export interface Started { version: string; build: string; persisted: boolean; startMs: number }

export interface Peer {
  start(options: StartOptions): Promise<Started>
  meshes(): Promise<MeshSummary[]>
  mesh(meshId: string): Promise<MeshState>
  /** Safe to repeat with the same names after an error that says `retry`: it goes on with the same mesh. */
  createMesh(options: { name: string; displayName: string; token?: string }): Promise<MeshSummary>
  /** Opens the preview; claims nothing. */
  previewInvite(link: string): Promise<InvitePreview>
  /**
   * Claims and joins; safe to repeat after a lost connection: no second use is counted. Once begun it goes on by itself,
   * also after a reload; meanwhile the mesh is listed as `joining`, and `leaveMesh` calls it off.
   */
  joinMesh(options: { link: string; displayName: string }): Promise<MeshSummary>
  /** Takes this member out of the mesh and deletes what this browser holds of it. A mesh that is `removed` or `joining` is only deleted. */
  leaveMesh(meshId: string): Promise<void>
  /** Deletes what this browser holds of the mesh, and tells nobody: to the others its member stays one. */
  forgetMesh(meshId: string): Promise<void>
  setDisplayName(meshId: string, name: string): Promise<void>
  /** Newest `limit` messages before `before` (a `seq`; 0: the newest), oldest first. */
  messages(meshId: string, conversation: ConversationId, before: number, limit: number): Promise<Message[]>
  resolve(meshId: string, target: string): Promise<Resolution>
  complete(meshId: string, prefix: string): Promise<Suggestion[]>
  /**
   * Stores the message in the outbox and resolves at once, connected or not. `target`: as typed, or a conversation's id.
   * `session`: the recipient's that it is meant for; else the one that the target names or the message that is replied to came
   * from. An `answer` has `replyTo`.
   */
  send(options: { meshId: string; target: string; text: string; priority?: Priority; replyTo?: string; session?: string; type?: 'text' | 'ask' | 'answer' }): Promise<Message>
  /** Seals a failed message again, under a new id. */
  retry(meshId: string, messageId: string): Promise<Message>
  markRead(meshId: string, conversation: ConversationId): Promise<void>
  /** Takes a message off `asks` without an answer, in this browser. */
  settleAsk(meshId: string, messageId: string): Promise<void>
  saveDraft(meshId: string, conversation: ConversationId, text: string): Promise<void>
  draft(meshId: string, conversation: ConversationId): Promise<string>
  createTopic(meshId: string, name: string, description: string): Promise<Topic>
  createInvite(options: { meshId: string; role?: Role; uses?: number; expiresInSeconds?: number }): Promise<Invite>
  invites(meshId: string): Promise<Invite[]>
  retireInvite(meshId: string, inviteId: string): Promise<void>
  setStatus(meshId: string, status: Status, summary: string): Promise<void>
  /** Two more peers in this worker, which join by invite and behave like agents at work. Asked again, it brings back those that left. */
  addDemoAgents(meshId: string): Promise<void>
  /** Tells every mesh to connect now (the page came back, the network is up). */
  wake(): Promise<void>
  /** Calls `listener` for every event until the returned function is called. */
  on(listener: (event: PeerEvent) => void): () => void
}

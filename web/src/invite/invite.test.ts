import { describe, expect, it } from 'vitest';
import type { Invite } from '../peer/api';
import { servedShells } from './downloads';
import { buildCommand, installCommand, isLoopback, joinCommand, reusable } from './link';
import { inviteLink, joiningMesh, keepJoining, takeFragment, type Address, type Entry } from './secret';

function at(url: string, state: unknown = null): { address: Address; entry: Entry & { url: string } } {
  const { origin, pathname, search, hash } = new URL(url);
  const entry = {
    state,
    url,
    replaceState(next: unknown, _unused: string, path: string) {
      entry.state = next;
      entry.url = path;
    },
  };
  return { address: { origin, pathname, search, hash }, entry };
}

describe('the fragment of an invite', () => {
  it('leaves the address and stays with the entry', () => {
    const { address, entry } = at('https://relay.example/i/Ab3dE9xZ#Zk3x9QpL2mVw7RtY5nBc1A');
    takeFragment(address, entry);
    expect(entry.url).toBe('/i/Ab3dE9xZ');
    expect(inviteLink(address, entry)).toBe('https://relay.example/i/Ab3dE9xZ#Zk3x9QpL2mVw7RtY5nBc1A');
  });

  it('is still known after a reload, where the address has none', () => {
    const before = at('https://relay.example/i/Ab3dE9xZ#secret');
    takeFragment(before.address, before.entry);
    const after = at('https://relay.example/i/Ab3dE9xZ', before.entry.state);
    takeFragment(after.address, after.entry);
    expect(inviteLink(after.address, after.entry)).toBe('https://relay.example/i/Ab3dE9xZ#secret');
  });

  it.each(['https://relay.example/i/x?root_key=abc', 'https://relay.example/join/x#key=abc'])(
    'is taken off %s, which carries a key',
    (url) => {
      const { address, entry } = at(url);
      takeFragment(address, entry);
      expect(entry.url).not.toMatch(/key/);
      expect(inviteLink(address, entry)).toBe(url);
    },
  );

  it('stays known while joining, with the mesh that is joined', () => {
    const { address, entry } = at('https://relay.example/i/Ab3dE9xZ#secret');
    takeFragment(address, entry);
    expect(joiningMesh(entry)).toBeNull();
    keepJoining(entry, 'mesh-1', '/i/Ab3dE9xZ');
    expect(joiningMesh(entry)).toBe('mesh-1');
    expect(entry.url).toBe('/i/Ab3dE9xZ');
    expect(inviteLink({ ...address, hash: '' }, entry)).toBe('https://relay.example/i/Ab3dE9xZ#secret');
  });

  it('of any other page is left alone', () => {
    const { address, entry } = at('https://relay.example/m/1#here');
    takeFragment(address, entry);
    expect(entry.url).toBe('https://relay.example/m/1#here');
    expect(entry.state).toBeNull();
  });
});

describe('isLoopback', () => {
  it.each(['http://localhost:7900/i/a#b', 'http://127.0.0.1/i/a#b', 'http://127.8.0.1/', 'http://[::1]:7900/i/a'])(
    'knows %s',
    (link) => expect(isLoopback(link)).toBe(true),
  );
  it.each(['https://relay.example/i/a', 'http://192.168.1.7:7900/', 'https://localhost.example/'])(
    'lets %s be',
    (link) => expect(isLoopback(link)).toBe(false),
  );
});

describe('the lines for a terminal', () => {
  const link = 'https://relay.example/i/Ab3dE9xZ#Zk3x9QpL2mVw7RtY5nBc1A';

  it('carry the link to the end, and ask the relay for nothing of it', () => {
    expect(installCommand(link, 'sh')).toBe(`curl -fsSL https://relay.example/install.sh | sh -s -- '${link}'`);
    expect(installCommand(link, 'powershell')).toBe(`& ([scriptblock]::Create((irm https://relay.example/install.ps1))) '${link}'`);
    expect(buildCommand(link)).toBe(`make build && bin/claudemesh join '${link}' --setup`);
  });

  // PowerShell ends quotes at the curly ones too.
  it.each(["'", '\u2018', '\u2019', '\u201a', '\u201b', '\n'])('cannot be broken out of by %j', (sign) => {
    const evil = `https://relay.example/i/a${sign}; rm -rf ~; ${sign}#b`;
    for (const line of [joinCommand(evil), buildCommand(evil), installCommand(evil, 'sh'), installCommand(evil, 'powershell')]) {
      expect(line.match(/['\u2018-\u201b\n]/g)).toEqual(["'", "'"]);
    }
  });
});

describe('servedShells', () => {
  const answering = (body: unknown, status = 200) => () => Promise.resolve(new Response(JSON.stringify(body), { status }));

  it('asks the relay', async () => {
    const asked: string[] = [];
    const ask = (url: string) => (asked.push(url), answering({ version: 'v1', files: [{ os: 'linux' }] })());
    expect(await servedShells('https://relay.example', ask as typeof fetch)).toEqual(['sh']);
    expect(asked).toEqual(['https://relay.example/api/public/downloads']);
  });

  it.each([
    [['windows'], ['powershell']],
    [['darwin', 'windows', 'linux'], ['sh', 'powershell']],
  ])('are those of the systems that it lists: %s', async (systems, shells) => {
    const files = systems.map((os) => ({ os }));
    expect(await servedShells('https://relay.example', answering({ files }))).toEqual(shells);
  });

  it.each([answering({ version: '', files: [] }), answering({}), answering(null), answering({ files: [{ os: 'linux' }] }, 404), () => Promise.reject(new TypeError('no'))])(
    'are none where it has none, or nobody can be asked',
    async (ask) => expect(await servedShells('https://relay.example', ask)).toEqual([]),
  );
});

describe('reusable', () => {
  const now = 1_000_000;
  const invite = (over: Partial<Invite>): Invite => ({
    inviteId: '1',
    code: 'Ab3dE9xZ',
    link: 'https://relay.example/i/Ab3dE9xZ#s',
    role: 'member',
    uses: 1,
    used: 0,
    expiresAt: now + 7_200_000,
    state: 'open',
    issuerId: '',
    qr: [],
    ...over,
  });

  it('takes an open one of this device', () => {
    expect(reusable([invite({ link: '' }), invite({ inviteId: '2' })], now)?.inviteId).toBe('2');
  });

  it.each([{ link: '' }, { role: 'admin' as const }, { state: 'revoked' as const }, { expiresAt: now + 60_000 }])(
    'takes none with %o',
    (over) => expect(reusable([invite(over)], now)).toBeUndefined(),
  );
});

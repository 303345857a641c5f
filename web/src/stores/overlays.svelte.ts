export type Overlay =
  | { name: 'quick'; meshId: string; target: string }
  | { name: 'invite'; meshId: string; inviteId: string | null }
  | { name: 'topic'; meshId: string }
  | { name: 'leave'; meshId: string }
  | { name: 'help' };

/** The one dialog that is open, if any. */
export class Overlays {
  open = $state.raw<Overlay | null>(null);

  show(overlay: Overlay): void {
    this.open = overlay;
  }

  close(): void {
    this.open = null;
  }
}

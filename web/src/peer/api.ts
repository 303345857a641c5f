/** The types of the browser peer, as wasm/peer.d.ts states them. Nothing of them is repeated here. */
export type * from '../../../wasm/peer';

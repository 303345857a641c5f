package store

import "claudemesh.com/mesh/shared/wire"

// AppendShares appends shares as tables hold them: each device 32 ‖ count u64 ‖ bytes u64.
func AppendShares(b []byte, shares []Share) []byte {
	for i := range shares {
		b = append(b, shares[i].Device[:]...)
		b = wire.AppendU64(wire.AppendU64(b, shares[i].Count), shares[i].Bytes)
	}
	return b
}

// ReadShares reads what AppendShares wrote.
func ReadShares(b []byte) (shares []Share) {
	for r := wire.NewReader(b); r.Left() > 0 && !r.Failed(); {
		var share Share
		r.Fill(share.Device[:])
		share.Count, share.Bytes = r.U64(), r.U64()
		shares = append(shares, share)
	}
	return shares
}

//go:build !unix

package metrics

func (r *Registry) process() {}

//go:build !linux && !darwin

package main

func freeBytes(string) (float64, bool) { return 0, false }

package setup

// keepOwner has nothing to do: a new file belongs to the user.
func keepOwner(old, new string) {}

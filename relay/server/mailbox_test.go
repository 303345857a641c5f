package server

import "testing"

func TestMailbox(t *testing.T) {
	b := newMailbox()
	first, second := new(conn), new(conn)
	if _, ok := b.put(item{opened: first}); !ok || b.closeEmpty() {
		t.Fatal("a mailbox with mail was closed as empty")
	}
	if _, ok := b.put(item{opened: second}); !ok {
		t.Fatal("a mailbox that was not closed takes nothing")
	}
	if got := b.take(nil); len(got) != 2 || got[0].opened != first || got[1].opened != second {
		t.Errorf("took %+v", got)
	}
	if _, ok := b.put(item{closed: first}); !ok {
		t.Fatal("an open mailbox takes nothing")
	}
	if left := b.close(); len(left) != 1 || left[0].closed != first {
		t.Errorf("left %+v", left)
	}
	if _, ok := b.put(item{closed: second}); ok {
		t.Error("a closed mailbox takes mail")
	}

	empty := newMailbox()
	if !empty.closeEmpty() {
		t.Error("an empty mailbox was not closed")
	}
	if _, ok := empty.put(item{opened: first}); ok {
		t.Error("what was closed empty takes mail")
	}
}

func TestBudget(t *testing.T) {
	b := newBudget(10)
	if !b.take(100) {
		t.Fatal("what is larger than the budget does not fit an empty one")
	}
	fits := make(chan bool)
	go func() { fits <- b.take(10) }()
	b.give(100)
	if !<-fits {
		t.Error("nothing fits after all was given back")
	}
	go func() { fits <- b.take(1) }()
	b.end()
	if <-fits {
		t.Error("an ended budget gives room")
	}
}

// Who runs a mesh cannot give it back while something is to be done, and who brings something when nobody runs it is told to.
func TestMailboxIsGivenBack(t *testing.T) {
	b := newMailbox()
	if run, _ := b.put(item{opened: new(conn)}); run || b.giveBack() {
		t.Error("with an item in it, it was given back or another was told to run it")
	}
	b.take(nil)
	if b.wake() || b.giveBack() {
		t.Error("woken, it was given back or another was told to run it")
	}
	b.take(nil)
	if !b.giveBack() {
		t.Fatal("it cannot be given back though nothing is to be done")
	}
	if run, _ := b.put(item{opened: new(conn)}); !run {
		t.Error("nobody was told to run it for an item")
	}
	b.take(nil)
	if !b.giveBack() || !b.wake() {
		t.Error("nobody was told to run it when woken")
	}
}

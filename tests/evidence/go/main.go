// An independent verifier for tests: Go's own checksum-database packages judge our notes and proofs.
package main

import (
	"encoding/hex"
	"encoding/json"
	"os"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type proof struct {
	Old, New         int64
	OldHash, NewHash string
	Path             []string
}

type question struct {
	Key                    string
	Notes                  []string
	Inclusion, Consistency []proof
}

type answer struct {
	Notes, Inclusion, Consistency []bool
}

func hash(text string) (value tlog.Hash) {
	raw, err := hex.DecodeString(text)
	if err != nil || len(raw) != len(value) {
		panic("a hash is not 32 bytes of hex")
	}
	copy(value[:], raw)
	return value
}

func hashes(texts []string) (values []tlog.Hash) {
	for _, text := range texts {
		values = append(values, hash(text))
	}
	return values
}

func main() {
	var asked question
	if err := json.NewDecoder(os.Stdin).Decode(&asked); err != nil {
		panic(err)
	}
	verifier, err := note.NewVerifier(asked.Key)
	if err != nil {
		panic(err)
	}
	var found answer
	for _, text := range asked.Notes {
		_, err := note.Open([]byte(text), note.VerifierList(verifier))
		found.Notes = append(found.Notes, err == nil)
	}
	for _, p := range asked.Inclusion { // leaf Old with hash OldHash in the tree of New leaves with root NewHash
		err := tlog.CheckRecord(hashes(p.Path), p.New, hash(p.NewHash), p.Old, hash(p.OldHash))
		found.Inclusion = append(found.Inclusion, err == nil)
	}
	for _, p := range asked.Consistency {
		err := tlog.CheckTree(hashes(p.Path), p.New, hash(p.NewHash), p.Old, hash(p.OldHash))
		found.Consistency = append(found.Consistency, err == nil)
	}
	if err := json.NewEncoder(os.Stdout).Encode(found); err != nil {
		panic(err)
	}
}

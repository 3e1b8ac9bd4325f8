// Package model is what closup knows of a fabric before it touches one: the
// Fabric that the operator wrote, and the Plan that follows from it. It is
// pure: no files, no network, no clock, no terminal.
package model

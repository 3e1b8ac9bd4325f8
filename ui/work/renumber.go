package work

import "closup/model"

// Change is one number, address or cable that differs between two plans.
type Change = model.Change

// Renumbered says what a change to a fabric renumbers or cables anew.
func Renumbered(before, after *model.Plan) []Change { return model.Changes(before, after) }

package model_test

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"closup/assets"
	"closup/model"
)

// findings validates a fabric that must load.
func findings(t *testing.T, file string, data []byte) []model.Finding {
	t.Helper()
	f, err := model.Load(file, data)
	if err != nil {
		t.Fatal(err)
	}
	p, _ := model.NewPlan(f)
	return model.Validate(f, p)
}

// TestRules: every rule has a fabric that trips it, on the line marked #!, and
// a near miss that does not.
func TestRules(t *testing.T) {
	for _, rule := range model.Rules() {
		t.Run(rule.Name, func(t *testing.T) {
			folder := filepath.Join("testdata", "rules", rule.Name)
			of := func(name string) ([]byte, []model.Finding) {
				t.Helper()
				file := filepath.Join(folder, name)
				data, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				all := findings(t, file, data)
				for _, f := range all {
					if !slices.ContainsFunc(model.Rules(), func(r model.Rule) bool { return r.Name == f.Rule }) {
						t.Errorf("%s: a finding of no rule in the table: %+v", name, f)
					}
				}
				return data, slices.DeleteFunc(all, func(f model.Finding) bool { return f.Rule != rule.Name })
			}
			data, trip := of("trip.yaml")
			want := 1 + slices.IndexFunc(bytes.Split(data, []byte("\n")), func(line []byte) bool { return bytes.Contains(line, []byte("#!")) })
			if len(trip) != 1 {
				t.Fatalf("trip.yaml has %d findings of the rule, want 1: %v", len(trip), trip)
			}
			f := trip[0]
			if f.Line != want || f.Path == "" || f.Severity != rule.Severity {
				t.Errorf("the finding is %+v, want it on line %d, with a path, as %s", f, want, rule.Severity)
			}
			if f.Message == "" || f.Remedy == "" {
				t.Errorf("the finding has no message or no remedy: %+v", f)
			}
			if _, near := of("near.yaml"); len(near) != 0 {
				t.Errorf("near.yaml trips the rule: %+v", near)
			}
		})
	}
}

// TestRuleTable: names are unique and well formed, and every folder of fabrics
// belongs to a rule.
func TestRuleTable(t *testing.T) {
	wellFormed := regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	seen := map[string]bool{}
	for _, r := range model.Rules() {
		if seen[r.Name] || !wellFormed.MatchString(r.Name) {
			t.Errorf("rule %q stands twice or is not well formed", r.Name)
		}
		seen[r.Name] = true
		if !regexp.MustCompile(`^[A-Z].*\.$`).MatchString(r.Doc) {
			t.Errorf("rule %s is not explained in a sentence: %q", r.Name, r.Doc)
		}
	}
	folders, err := os.ReadDir(filepath.Join("testdata", "rules"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range folders {
		if !seen[f.Name()] {
			t.Errorf("testdata/rules/%s belongs to no rule", f.Name())
		}
	}
}

// TestPresetsAreClean: what people start from has no errors.
func TestPresetsAreClean(t *testing.T) {
	for _, name := range assets.Presets() {
		data, err := assets.Preset(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range findings(t, name+".yaml", data) {
			if f.Severity == model.Error {
				t.Errorf("%s: %+v", name, f)
			}
		}
	}
}

// TestArticleASN: the article's 65801 is in a reserved range: one warning, not
// one for each node, and it blocks nothing.
func TestArticleASN(t *testing.T) {
	data, err := assets.Preset("article")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, f := range findings(t, "article.yaml", data) {
		if f.Rule == "asn-reserved" {
			n++
			if f.Severity != model.Warning || f.Path != "asn.nodes" {
				t.Errorf("%+v", f)
			}
		}
	}
	if n != 1 {
		t.Errorf("%d findings of asn-reserved, want 1", n)
	}
}

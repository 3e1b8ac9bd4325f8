// Package kubeadmtest holds the target kubeadm against kubeadm's own types. It
// is a module of its own, so that closup does not depend on Kubernetes.
package kubeadmtest

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/kubernetes/cmd/kubeadm/app/apis/kubeadm/v1beta4"
	"sigs.k8s.io/yaml"
)

// read decodes every document of a file, strictly: a key that kubeadm does not
// know is an error.
func read(text []byte) ([]any, error) {
	var out []any
	for _, document := range bytes.Split(text, []byte("\n---\n")) {
		var head struct{ APIVersion, Kind string }
		if err := yaml.Unmarshal(document, &head); err != nil {
			return nil, err
		}
		if head.APIVersion != "kubeadm.k8s.io/v1beta4" {
			return nil, fmt.Errorf("apiVersion %q", head.APIVersion)
		}
		into := map[string]any{
			"ClusterConfiguration": &v1beta4.ClusterConfiguration{},
			"InitConfiguration":    &v1beta4.InitConfiguration{},
			"JoinConfiguration":    &v1beta4.JoinConfiguration{},
		}[head.Kind]
		if into == nil {
			return nil, fmt.Errorf("kind %q", head.Kind)
		}
		if err := yaml.UnmarshalStrict(document, into); err != nil {
			return nil, err
		}
		out = append(out, into)
	}
	return out, nil
}

func TestGoldens(t *testing.T) {
	files, err := filepath.Glob("../testdata/*/kubeadm/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 10 {
		t.Fatalf("only %d goldens", len(files))
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		documents, err := read(text)
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		name := strings.TrimSuffix(filepath.Base(file), ".yaml")
		for _, d := range documents {
			var node v1beta4.NodeRegistrationOptions
			advertised := ""
			switch c := d.(type) {
			case *v1beta4.InitConfiguration:
				node, advertised = c.NodeRegistration, c.LocalAPIEndpoint.AdvertiseAddress
			case *v1beta4.JoinConfiguration:
				node = c.NodeRegistration
				if c.ControlPlane != nil {
					advertised = c.ControlPlane.LocalAPIEndpoint.AdvertiseAddress
				}
				if c.Discovery.File == nil {
					t.Errorf("%s: no discovery", file)
				}
			case *v1beta4.ClusterConfiguration:
				if c.Networking.PodSubnet == "" || c.Networking.ServiceSubnet == "" || c.ControlPlaneEndpoint == "" {
					t.Errorf("%s: %+v", file, c)
				}
				continue
			}
			ips := ""
			for _, a := range node.KubeletExtraArgs {
				if a.Name == "node-ip" {
					ips = a.Value
				}
			}
			first, _, _ := strings.Cut(ips, ",")
			if node.Name != name || ips == "" || advertised != "" && advertised != first {
				t.Errorf("%s: %+v, advertised at %q", file, node, advertised)
			}
		}
	}
}

// TestRefuses: a misspelt key, another version and an old form are found.
func TestRefuses(t *testing.T) {
	const good = "apiVersion: kubeadm.k8s.io/v1beta4\nkind: JoinConfiguration\nnodeRegistration:\n  name: k8s1\n"
	if _, err := read([]byte(good)); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{
		strings.Replace(good, "nodeRegistration", "nodeRegistrations", 1),
		strings.Replace(good, "v1beta4", "v1beta3", 1),
		good + "  kubeletExtraArgs:\n    node-ip: 10.1.3.1\n", // v1beta3 had a map
	} {
		if _, err := read([]byte(bad)); err == nil {
			t.Errorf("taken:\n%s", bad)
		}
	}
}

package kubeadmtest

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/version"
	"sigs.k8s.io/yaml"
)

const kube = "../../provision/kube/testdata"

// The smoke app is three objects that Kubernetes knows, with no key that it
// does not.
func TestSmoke(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(kube, "smoke.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var set appsv1.DaemonSet
	var service corev1.Service
	documents := bytes.Split(text, []byte("\n---\n"))
	for i, into := range []any{&corev1.Namespace{}, &set, &service} {
		if err := yaml.UnmarshalStrict(documents[i], into); err != nil {
			t.Errorf("document %d: %v", i, err)
		}
	}
	pods := set.Spec.Template
	for key, value := range set.Spec.Selector.MatchLabels {
		if pods.Labels[key] != value || service.Spec.Selector[key] != value {
			t.Errorf("nobody finds the pods by %s=%s", key, value)
		}
	}
	if c := pods.Spec.Containers; len(documents) != 3 || len(c) != 1 || c[0].Ports[0].Name != service.Spec.Ports[0].TargetPort.StrVal || c[0].ReadinessProbe.HTTPGet.Port.StrVal != c[0].Ports[0].Name {
		t.Errorf("%+v", pods.Spec)
	}
	spoilt := bytes.Replace(documents[1], []byte("tolerations:"), []byte("tolerances:"), 1)
	if err := yaml.UnmarshalStrict(spoilt, &appsv1.DaemonSet{}); err == nil {
		t.Error("a key that does not exist is taken")
	}
}

// What the tests take for the answers of kubectl has the shape of Kubernetes'
// own types, key by key.
func TestAnswers(t *testing.T) {
	strict := func(data []byte, into any) error {
		d := json.NewDecoder(bytes.NewReader(data))
		d.DisallowUnknownFields()
		return d.Decode(into)
	}
	read := func(name string) []byte {
		data, err := os.ReadFile(filepath.Join(kube, "healthy", name+".json"))
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	var nodes corev1.NodeList
	var pods corev1.PodList
	for name, into := range map[string]any{
		"nodes": &nodes, "smoke": &pods, "dns": &corev1.ServiceList{}, "kubernetes": &corev1.Service{},
		"version": &struct {
			ClientVersion    version.Info `json:"clientVersion"`
			KustomizeVersion string       `json:"kustomizeVersion"`
			ServerVersion    version.Info `json:"serverVersion"`
		}{},
	} {
		if err := strict(read(name), into); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(nodes.Items) != 3 || nodes.Items[0].Status.Addresses[0].Type != corev1.NodeInternalIP || len(pods.Items) != 3 || pods.Items[0].Status.Phase != corev1.PodRunning {
		t.Errorf("%+v", nodes.Items)
	}
	spoilt := strings.Replace(string(read("nodes")), `"podCIDRs"`, `"podCidrs"`, 1)
	if err := strict([]byte(strings.Replace(spoilt, `"podCidrs"`, `"podRanges"`, 1)), &corev1.NodeList{}); err == nil {
		t.Error("a key that does not exist is taken")
	}
}

package kube

import (
	"bytes"
	"fmt"
	"text/template"

	"closup/assets"
	"closup/model"
)

// Image is what the smoke app runs unless told otherwise: the network helper of
// Kubernetes' own tests, which answers /hostname with its pod's name.
const Image = "registry.k8s.io/e2e-test-images/agnhost:2.56"

var smokeTemplate = template.Must(template.ParseFS(assets.FS, "templates/kube/smoke.yaml.tmpl"))

// Manifest is the smoke app as YAML, of that image; empty: Image. It fails
// where the image's name is none.
func Manifest(image string) (string, error) {
	if image == "" {
		image = Image
	}
	if !model.SafeImage(image) {
		return "", fmt.Errorf("%q is not the name of a container image", image)
	}
	var b bytes.Buffer
	err := smokeTemplate.Execute(&b, map[string]any{"Namespace": Namespace, "App": App, "Image": image, "Port": smokePort})
	return b.String(), err
}

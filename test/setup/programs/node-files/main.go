// Command node-files prints the files that a node gets, as JSON by their paths, from what Ignition or Cluster API read, by their own types:
//
//	node-files ignition|kubeadm FILE
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log"
	"os"

	"github.com/coreos/ignition/v2/config/v3_3"
	"github.com/vincent-petithory/dataurl"
	bootstrap "sigs.k8s.io/cluster-api/api/bootstrap/kubeadm/v1beta2"
)

func main() {
	read := map[string]func([]byte) (map[string]string, error){"ignition": ignition, "kubeadm": kubeadm}[os.Args[1]]
	text, err := os.ReadFile(os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	files, err := read(text)
	if err != nil {
		log.Fatal(err)
	}
	if err := json.NewEncoder(os.Stdout).Encode(files); err != nil {
		log.Fatal(err)
	}
}

func ignition(text []byte) (map[string]string, error) {
	config, report, err := v3_3.Parse(text)
	if err != nil || len(report.Entries) > 0 {
		return nil, fmt.Errorf("%v\n%s", err, report.String())
	}
	files := map[string]string{}
	for _, file := range config.Storage.Files {
		content, err := dataurl.DecodeString(*file.Contents.Source)
		if err != nil {
			return nil, err
		}
		files[file.Path] = string(content.Data)
	}
	return files, nil
}

func kubeadm(text []byte) (map[string]string, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	var spec bootstrap.KubeadmConfigSpec
	if err := decoder.Decode(&spec); err != nil {
		return nil, err
	}
	files := map[string]string{}
	for _, file := range spec.Files {
		files[file.Path] = file.Content
	}
	return files, nil
}

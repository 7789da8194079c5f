// SPDX-License-Identifier: MIT
package main

import (
	"encoding/csv"
	"encoding/gob"
	"encoding/json"
	"encoding/xml"
	"html/template"
	"image"
	"log"
	"regexp"
	"testing"
)

func text() {
	log.Print()
	regexp.MustCompile("").MatchString("")
	template.New("").Execute(nil, nil)
	testing.RunTests(nil, nil)
	testing.Benchmark(nil)
	image.Decode(nil)
	json.Marshal(nil)
	json.Unmarshal(nil, nil)
	json.NewEncoder(nil).Encode(nil)
	json.NewDecoder(nil).Decode(nil)
	xml.Marshal(nil)
	xml.Unmarshal(nil, nil)
	xml.NewEncoder(nil).EncodeElement(nil, xml.StartElement{})
	gob.NewEncoder(nil).Encode(nil)
	gob.NewDecoder(nil).Decode(nil)
	csv.NewReader(nil).Read()
}

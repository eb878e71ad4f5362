package liquid_test

import (
	"fmt"

	"segment-webhooks/mapping/document"
	"segment-webhooks/mapping/liquid"
)

func Example() {
	template, err := liquid.Parse(`{% if properties.total > 20 %}big{% else %}small{% endif %} order of {{ properties.name | default: "nobody" | upcase }}`)
	if err != nil {
		fmt.Println(err)
		return
	}
	event, err := document.Parse([]byte(`{"type":"track","properties":{"total":27.5,"name":"Zoë"}}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(template.Render(event))
	// Output: big order of ZOË <nil>
}

func ExampleParse_syntaxError() {
	_, err := liquid.Parse("{% for item in properties.items %}{{ item }}{% endfor %}")
	fmt.Println(err)
	// Output: line 1, column 1: tag "for" is disabled
}

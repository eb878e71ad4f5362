package liquid_test

import (
	"testing"
)

// sampleEvent is what the templates below are rendered for.
const sampleEvent = `{"type":"track","event":"E","userId":"u1","n":5,"z":0,"f":false,"t":true,"nul":null,"es":"","sp":" ","a":{"1":"one","b":{"c":1},"x.y":2,"it's":3},"arr":[{"id":1,"name":"p"},{"id":2,"name":"q"}],"nums":[1,2,3],"mixed":[{"id":1},"s",null,7,[{"id":9}]],"dash-key":"d","sp ace":"s","a.b":"dotted","$x":"dollar","s":"Straße ı İ","long":"a-b-c-a","json":"{\"q\":[1,2]}","bad":"{oops","date":"2020-01-01T00:00:00.000Z","big":12345678901234567890,"obj":{"n":null,"m":{"n":null,"o":1},"l":[null,1]}}`

// TestRender is the language by example: one template for each rule, with what Segment's mapping kit was observed to
// give.
func TestRender(t *testing.T) {
	t.Parallel()
	tests := []struct {
		template string
		event    string // sampleEvent if empty
		want     string
	}{
		{template: `Hi {{ event }}`, want: `Hi E`},
		{template: `{{ missing }}`, want: ``},
		{template: `{{ nul }}|{{ t }}|{{ n }}|{{ es }}`, want: `|true|5|`},
		{template: `{{ a }}`, want: `[object Object]`},
		{template: `{{ nums }}`, want: `123`},
		{template: `{{ a | json }}`, event: `{"a":{"b":1}}`, want: `{"b":1}`},
		{template: `{{ arr[0].name | upcase }}`, want: `P`},
		{template: `{{ arr[-1].name }}`, want: `q`},
		{template: `{{ nums | size }} {{ nums.size }} {{ nums.first }}`, want: `3 3 1`},
		{template: `{% if n > 3 %}big{% else %}small{% endif %}`, want: `big`},
		{template: `{% if es %}t{% else %}f{% endif %}{% if z %}t{% else %}f{% endif %}{% if nul %}t{% else %}f{% endif %}`, want: `ttf`},
		{template: `{% assign x = "a,b" | split: "," %}{{ x | join: "-" }}`, want: `a-b`},
		{template: `{{ "a" | append: "b" }}`, want: `ab`},
		{template: `{{ missing | default: "d" }}`, want: `d`},
		{template: `{{ z | default: "d" }} {{ es | default: "d" }} {{ f | default: "d" }}`, want: `0 d d`},
		{template: `{{ date | date: "%Y-%m-%d" }}`, want: `2020-01-01`},
		{template: `{{ n | plus: 1 }} {{ n | divided_by: 2 }} {{ 5.0 | divided_by: 2 }}`, want: `6 2.5 2.5`},
		{template: `{{ x }}`, event: `{"x":1e21}`, want: `1e+21`},
		{template: `{{ s | slice: 0, 3 }}`, want: `Str`},
		{template: `{% unless f %}u{% endunless %}`, want: `u`},
		{template: `{% capture c %}x{% endcapture %}{{ c }}`, want: `x`},
		{template: `{% raw %}{{ x }}{% endraw %}`, want: `{{ x }}`},
		{template: `{% comment %}x{% endcomment %}`, want: ``},
		{template: `{% increment i %}{% increment i %}`, want: `01`},
		{template: `{{ arr | where: "id", 1 | size }}`, want: `1`},
		{template: `{{ nums | sum }}`, want: `6`},
		{template: `{{ "a" | nofilter }}`, want: `a`},
		{template: ``, want: ``},
		{template: `plain`, want: `plain`},
		{template: `{{ "<b>" }} {{ "<b>" | escape }}`, want: `<b> &lt;b&gt;`},
		{template: `{{ event.properties.x }}`, event: `{"properties":{"x":1},"event":"E"}`, want: ``},
		{template: `{{ properties["sp ace"] }}`, event: `{"properties":{"sp ace":"ok"}}`, want: `ok`},
		{template: `{{ properties.sp ace }}`, event: `{"properties":{"sp ace":"ok"}}`, want: ``},
		{template: `{{ dash-key }}`, want: `d`},
		{template: `{{ s.length }}|{{ s.constructor }}|{{ s.size }}`, want: `10||10`},
		{template: `{{ t and f }} {% if f and t or t %}y{% endif %} {{ 1 == 1 }}`, want: `false  true`},
		{template: `{%- if missing == nil -%} n {%- endif -%} x`, want: `nx`},
		{template: `{% echo "e" %}{% cycle "a","b" %}`, want: `ea`},
		{template: `{{ o | json }}`, event: `{"o":{"b":1,"1":2}}`, want: `{"1":2,"b":1}`},
		{template: `{{ date | date: "%s" }}`, want: `1577836800`},
		{template: `{{ -7 | modulo: 3 }} {{ 7 | modulo: 3 }}`, want: `2 1`},
		{template: `{{ long | truncate: 5 }}`, want: `a-...`},
		{template: `{{ "a" | sha256 | size }}`, want: `64`},
	}
	for _, test := range tests {
		t.Run(test.template, func(t *testing.T) {
			t.Parallel()
			event := test.event
			if event == "" {
				event = sampleEvent
			}
			got, err := render(test.template, parse(t, []byte(event)))
			if err != nil || got != test.want {
				t.Errorf("got %q, %v, want %q", got, err, test.want)
			}
		})
	}
}

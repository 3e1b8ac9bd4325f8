package cli

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"closup/model"
	"closup/ui/draw"
	"closup/ui/work"
)

// routesOfAll is up to how many devices the routes of all are predicted.
const routesOfAll = 200

func planCommand(e *env) *cobra.Command {
	var (
		routes  []string
		without []string
		against string
		pin     bool
	)
	cmd := &cobra.Command{
		Use:   "plan",
		Short: "Show what follows from the fabric: devices, cables, sessions, routes",
		Example: `  closup plan
  closup plan --routes leaf1,k8s1
  closup plan --without spine1,leaf1:swp1   what is lost while these are down
  closup plan --against fabric.yaml.old     what a change renumbers
  closup plan --pin                         write the chosen cables into the file`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			p, err := e.load()
			if err != nil {
				return err
			}
			if err := p.Known(routes...); err != nil {
				return err
			}
			if pin {
				return e.pin(p)
			}
			if len(without) > 0 {
				return e.losses(p, without, routes)
			}
			if against != "" {
				return e.renumbered(p, against)
			}
			if e.output == jsonText {
				return e.json(planDocument(p, routes))
			}
			return e.printPlan(p, routes)
		},
	}
	cmd.Flags().StringSliceVar(&routes, "routes", nil, "predict the routes of these devices")
	cmd.Flags().StringSliceVar(&without, "without", nil, "say what is lost while these devices or links (DEVICE:PORT) are down")
	cmd.Flags().StringVar(&against, "against", "", "compare with an older fabric.yaml")
	cmd.Flags().BoolVar(&pin, "pin", false, "write the cables that were chosen into `links`")
	cmd.MarkFlagsMutuallyExclusive("routes", "against", "pin")
	cmd.MarkFlagsMutuallyExclusive("without", "against", "pin")
	_ = cmd.RegisterFlagCompletionFunc("routes", e.completeDevices)
	_ = cmd.RegisterFlagCompletionFunc("without", e.completeDevices)
	return cmd
}

// planJSON is the plan as the contract has it: every list present.
type planJSON struct {
	Name     string          `json:"name"`
	Devices  []model.Device  `json:"devices"`
	Links    []model.Link    `json:"links"`
	Sessions []model.Session `json:"sessions"`
	Routes   []model.Route   `json:"routes"`

	// SinglePoints is what has no second way, in fabrics of up to routesOfAll devices.
	SinglePoints []model.SinglePoint `json:"single_points"`
}

func planDocument(p *work.Project, routesOf []string) planJSON {
	doc := planJSON{
		Name:     p.Plan.Name,
		Devices:  notNil(slices.Clone(p.Plan.Devices)),
		Links:    notNil(p.Plan.Links),
		Sessions: notNil(p.Plan.Sessions),
		Routes:   []model.Route{},

		SinglePoints: singlePoints(p.Plan),
	}
	for i := range doc.Devices {
		doc.Devices[i].Loopbacks = notNil(doc.Devices[i].Loopbacks)
		doc.Devices[i].Ports = notNil(doc.Devices[i].Ports)
	}
	if len(routesOf) > 0 || len(doc.Devices) <= routesOfAll {
		doc.Routes = notNil(p.Plan.Routes(routesOf...))
	}
	for i, r := range doc.Routes {
		doc.Routes[i].Paths = notNil(slices.Clone(r.Paths))
		for j, path := range doc.Routes[i].Paths {
			doc.Routes[i].Paths[j].AS = notNil(path.AS)
		}
	}
	return doc
}

func (e *env) printPlan(p *work.Project, routesOf []string) error {
	out := e.page()
	columns := out.columns
	if columns == 0 {
		columns = 120
	}
	out.printf("%s: %s, %s, %s\n", p.Plan.Name, count(len(p.Plan.Devices), "device"),
		count(len(p.Plan.Links), "link"), count(len(p.Plan.Sessions), "session end"))
	if drawing := draw.Clos(p.Plan, columns); drawing != "" && !e.accessible {
		out.printf("\n%s\n", drawing)
	}
	out.table(deviceTable(p.Plan))
	out.printf("\n")
	out.table(linkTable(p.Plan))
	if single := singlePoints(p.Plan); len(single) > 0 {
		out.printf("\n")
		out.table(singleTable(single))
	}
	if len(routesOf) > 0 {
		out.printf("\n")
		out.table(routeTable(p.Plan, routesOf))
	}
	return e.show(out)
}

func deviceTable(p *model.Plan) *table {
	t := &table{head: []string{"DEVICE", "ROLE", "AS", "LOOPBACK", "MANAGEMENT", "PLATFORM", "PORTS"}}
	for _, d := range p.Devices {
		addresses := make([]string, len(d.Loopbacks))
		for i, l := range d.Loopbacks {
			addresses[i] = l.Addr().String()
		}
		t.add(d.Name, d.Role.String(), asn(d.ASN), strings.Join(addresses, " "), d.Mgmt, d.Platform, strconv.Itoa(len(d.Ports)))
	}
	return t
}

func linkTable(p *model.Plan) *table {
	t := &table{head: []string{"FROM", "PORT", "TO", "PORT"}}
	for _, l := range p.Links {
		t.add(l.A.Device, l.A.Port, l.B.Device, l.B.Port)
	}
	for _, d := range p.Devices {
		for _, port := range d.Ports {
			if port.Kind == model.ExternalPort {
				t.add(d.Name, port.Name, "outside", port.PeerPort)
			}
		}
	}
	return t
}

func routeTable(p *model.Plan, devices []string) *table {
	t := &table{head: []string{"DEVICE", "PREFIX", "FROM", "PORT", "AS PATH"}}
	for _, r := range p.Routes(devices...) {
		device, prefix, origin := r.Device, r.Prefix.String(), r.Origin
		for _, path := range r.Paths {
			hops := make([]string, len(path.AS))
			for i, as := range path.AS {
				hops[i] = asn(as)
			}
			port := path.Port
			if port == "" {
				port = "itself"
			}
			t.add(device, prefix, origin, port, strings.Join(hops, " "))
			device, prefix, origin = "", "", "" // further paths of the same route
		}
	}
	return t
}

// asn is an AS number as text; 0 stands for one that is not known.
func asn(n uint32) string {
	if n == 0 {
		return "any"
	}
	return strconv.FormatUint(uint64(n), 10)
}

func (e *env) pin(p *work.Project) error {
	n, err := p.Pin()
	if err != nil {
		return err
	}
	if n == 0 {
		_, err = fmt.Fprintf(e.err, "%s has its cables in `links` already\n", p.Path)
		return err
	}
	if err := p.Save(); err != nil {
		return err
	}
	_, err = fmt.Fprintf(e.err, "%s: wrote %s into `links`\n", p.Path, count(n, "cable"))
	return err
}

func (e *env) renumbered(p *work.Project, against string) error {
	old, err := work.Open(against)
	if err != nil {
		return err
	}
	if old.Err != nil {
		return old.Err
	}
	changes := notNil(work.Renumbered(old.Plan, p.Plan))
	if e.output == jsonText {
		return e.json(map[string]any{"changes": changes})
	}
	if len(changes) == 0 {
		_, err := fmt.Fprintln(e.out, "nothing is renumbered or moved")
		return err
	}
	t := &table{head: []string{"DEVICE", "WHAT", "BEFORE", "AFTER"}}
	for _, c := range changes {
		t.add(c.Device, c.What, c.Before, c.After)
	}
	return e.showTable(t)
}

// Package checks holds what is deployed against the libraries of those who will read it: Prometheus, Kubernetes, KEDA, Compose and Grafana.
// It is a module of its own, so that the connector's does not carry them. "make manifests" runs its tests.
package checks

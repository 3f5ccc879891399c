// Package slogor stands in for the module of that name, by which lego colours its log on a terminal: not every Go module proxy has it, and lego
// can't be built without. It has what lego v5 calls, and writes plain text.
package slogor

import (
	"io"
	"log/slog"
)

type OptionFn func(*slog.HandlerOptions)

func SetLevel(level slog.Leveler) OptionFn {
	return func(options *slog.HandlerOptions) { options.Level = level }
}

func SetTimeFormat(string) OptionFn { return func(*slog.HandlerOptions) {} }

func DisableColor() OptionFn { return func(*slog.HandlerOptions) {} }

func NewHandler(out io.Writer, options ...OptionFn) slog.Handler {
	handlerOptions := &slog.HandlerOptions{}
	for _, option := range options {
		option(handlerOptions)
	}
	return slog.NewTextHandler(out, handlerOptions)
}

#!/usr/bin/env node
// @ts-check
/** Where Pulumi starts the policy pack. It runs as a program of its own, by Node's type stripping. */
import "./pack.ts";

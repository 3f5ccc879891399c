#!/usr/bin/env node
// @ts-check
/** The entry point of the policy pack. Pulumi runs it in a separate process, where Node strips the types. */
import "./pack.ts";

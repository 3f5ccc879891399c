import type { LocalRegion } from "../../config/schema.ts";
import type { HostDriver } from "../host.ts";
import { LocalHost } from "./local-host.ts";
import { preflight } from "./preflight.ts";

export const driver: HostDriver<LocalRegion> = {
  preflight: ({ region, upstreams }) => preflight(region, upstreams),
  createHost: (name, args, options) => new LocalHost(name, args, options),
};

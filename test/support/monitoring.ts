import { parseConfig } from "../../components/config/parse.ts";

/** The monitoring of a stack without keys for it. */
export const { monitoring: defaultMonitoring } = parseConfig({
  provider: "local",
  regions: [{ name: "local" }],
  upstreams: [{ name: "one", registry: "one.example.com", repositories: ["**"] }],
});

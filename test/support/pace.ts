import { parse, stringify } from "yaml";
import type { StackConfig } from "../../components/config/schema.ts";
import type { Bundle } from "../../components/hosts/podman/bundle.ts";
import { renderRules } from "../../components/monitoring/rules/rule-groups.ts";

/**
 * Changes a Pod so that its Prometheus scrapes and evaluates every second, and a minute of its rules is shorter: for tests that can't wait. Nothing
 * else changes.
 * @param secondsPerMinute the length of a rule's minute
 */
export function hasten(
  bundle: Bundle,
  { alerts }: StackConfig["monitoring"],
  secondsPerMinute: number,
): Bundle {
  const files = "parts/prometheus/files";
  const prometheus = parse(bundle[`${files}/prometheus.yml`] ?? "");
  Object.assign(prometheus.global, { scrape_interval: "1s", evaluation_interval: "1s" });
  for (const job of prometheus.scrape_configs) delete job.scrape_interval;
  return {
    ...bundle,
    [`${files}/prometheus.yml`]: stringify(prometheus),
    [`${files}/rules.yml`]: renderRules(alerts, { secondsPerMinute, isOwn: true }),
  };
}

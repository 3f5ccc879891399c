import { parse, stringify } from "yaml";
import type { StackConfig } from "../../components/config/schema.ts";
import type { Bundle } from "../../components/hosts/podman/bundle.ts";
import { renderRules } from "../../components/monitoring/rules/rule-groups.ts";

/**
 * A Pod whose Prometheus scrapes and evaluates every second, with shorter minutes in all its rules: for tests that can't wait. Nothing else changes.
 *
 * @param secondsPerMinute of the rules
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
    [`${files}/rules.yml`]: renderRules(alerts, { secondsPerMinute }),
  };
}

import { parse, parseAllDocuments, stringify } from "yaml";
import type { StackConfig } from "../../components/config/schema.ts";
import { renderRules } from "../../components/monitoring/rules/rule-groups.ts";

/**
 * A Pod whose Prometheus scrapes and evaluates every second, with shorter minutes in all its rules: for tests that can't wait. Nothing else changes.
 *
 * @param manifest YAML documents, the Pod's and its ConfigMaps'
 * @param secondsPerMinute of the rules
 */
export function hasten(
  manifest: string,
  { alerts }: StackConfig["monitoring"],
  secondsPerMinute: number,
): string {
  const documents = parseAllDocuments(manifest).map((document) => document.toJS());
  const config = documents.find(({ data }) => data?.["prometheus.yml"])?.data;
  if (!config) throw new Error("no Prometheus in the manifest");
  const prometheus = parse(config["prometheus.yml"]);
  Object.assign(prometheus.global, { scrape_interval: "1s", evaluation_interval: "1s" });
  for (const job of prometheus.scrape_configs) delete job.scrape_interval;
  config["prometheus.yml"] = stringify(prometheus);
  config["rules.yml"] = renderRules(alerts, secondsPerMinute);
  return documents.map((document) => stringify(document)).join("---\n");
}

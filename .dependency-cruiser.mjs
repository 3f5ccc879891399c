/** What may import what, for dependency-cruiser, which `npm run check` calls. Imports of types count. Tests may import anything. */

/** The rooms of `components`, from the lowest to the highest, each with those that it may import from. What two rooms need stands below both. */
const rooms = {
  shell: [],
  config: [],
  monitoring: ["config"],
  clients: ["config", "shell"],
  pod: ["config", "monitoring", "shell"],
  capacity: ["config", "pod"],
  hosts: ["config", "monitoring", "pod", "capacity", "shell"],
  cost: ["config", "capacity", "hosts"],
};

/** The folders of `components/hosts` that several kinds share. Every other one is a cloud's, or this machine's. */
const shared = ["kubernetes", "kubernetes-cluster", "oncall", "podman", "vm"];

/** @type {import("dependency-cruiser").IConfiguration} */
export default {
  allowed: [
    ...Object.entries(rooms).map(([room, below]) => ({
      from: { path: `^components/${room}/` },
      to: { path: `^components/(?:${[room, ...below].join("|")})/` },
    })),
    { from: { path: "^components/[^/]+\\.ts$" }, to: { path: "^components/" } },
    {
      from: { path: "^start\\.js$" },
      to: { path: "^(?:index\\.ts|scripts/setup/sdk-without-traces\\.js)$" },
    },
    // What other programs have, too.
    { from: { path: "^index\\.ts$" }, to: { path: "^components/index\\.ts$" } },
    { from: { path: "^policy/" }, to: { path: "^(?:policy|components/(?:config|cost))/" } },
    { from: { path: "^scripts/" }, to: { path: "^(?:components|policy|scripts)/" } },
    { from: { path: "^test/" }, to: {} },
    { from: {}, to: { pathNot: "^(?:(?:index\\.ts|start\\.js)$|components/|policy/|scripts/|test/)" } },
  ],
  allowedSeverity: "error",
  forbidden: [
    {
      name: "no-circles",
      comment: "Move what both files need to a third one, below them.",
      severity: "error",
      from: {},
      to: { circular: true },
    },
    {
      name: "clouds-stand-alone",
      comment:
        "No host knows a cloud, or this machine, that isn't its own: what several hosts need stands beside them.",
      severity: "error",
      from: { path: "^components/hosts/([^/]+)/" },
      to: {
        path: "^components/hosts/[^/]+/",
        pathNot: `^components/hosts/(?:${shared.join("|")}|$1)/`,
      },
    },
    {
      name: "only-tests-need-it",
      comment: "No command and no stack reaches this file. Delete it, or move it to the tests.",
      severity: "error",
      from: {
        path: "^(?:start|components/render|components/monitoring/status-page/page/browser|policy/pack|scripts/[^/]+)\\.(?:js|ts|mjs)$",
      },
      to: {
        path: "^(?:components|policy|scripts/[^/]+)/",
        // What only other programs have, what only browsers have, where Pulumi starts the policy pack, and what Node loads by an argument.
        pathNot:
          "^(?:components/render\\.ts|scripts/setup/(?:sdk-start\\.cjs|untracked-promises\\.cjs|failed-tests\\.ts)|components/monitoring/status-page/(?:page/browser\\.ts|generated/page\\.js)|policy/pack\\.js)$",
        reachable: false,
      },
    },
  ],
  options: { tsPreCompilationDeps: true, doNotFollow: { path: "node_modules/" } },
};

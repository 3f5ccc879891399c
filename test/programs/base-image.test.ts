/** The packages that a machine installs, and the script that installs them in advance for an image. The boot test runs both. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { execa } from "execa";
import { parse } from "yaml";
import { defaultImages } from "../../components/config/images.ts";
import { parseConfig } from "../../components/config/parse.ts";
import { planAwsVm } from "../../components/hosts/aws/vm/plan.ts";
import { podOptions } from "../../components/hosts/aws/vm/pod.ts";
import { bundleParts } from "../../components/hosts/podman/bundle.ts";
import { vmPod } from "../../components/hosts/vm/pod.ts";
import { basePackages, packagesScript } from "../../components/hosts/vm/user-data.ts";
import { baseImage } from "../../scripts/base-image/render.ts";
import { existing } from "../doubles/azure/account.ts";
import { fakePrograms } from "../support/fake-programs.ts";
import { planRequest } from "../support/plan-request.ts";
import { projectDirectory } from "../support/project.ts";
import { scope } from "../support/scope.ts";

describe("the packages of a machine", () => {
  /** @param apt what apt-get does in its n-th call, in bash */
  const install = async (t: TestContext, installed: string, apt: string) => {
    const programs = scope(t).use(
      await fakePrograms({
        "dpkg-query": `case " ${installed} " in *" \${!#} "*) printf installed ;; *) exit 1 ;; esac`,
        "apt-get": `echo >>"$0.calls"; n=$(wc -l <"$0.calls"); ${apt}`,
        sleep: "",
      }),
    );
    const { exitCode, stderr } = await execa(
      "sh",
      ["-c", packagesScript(), "packages.sh", "podman", "jq", "curl"],
      {
        env: programs.env,
        reject: false,
      },
    );
    assert.equal(exitCode, 0, stderr);
    return (await programs.calls())
      .filter(([program]) => program !== "dpkg-query")
      .map((call) => call.join(" "));
  };
  const installing = (names: string) =>
    `apt-get -o DPkg::Lock::Timeout=300 -o DPkg::Options::=--force-confold install -y --no-install-recommends ${names}`;

  test("are installed if the image lacks them, and otherwise no mirror is asked", async (t) => {
    assert.deepEqual(await install(t, "podman jq curl", "exit 1"), []);
    assert.deepEqual(await install(t, "jq", "exit 0"), ["apt-get update", installing("podman curl")]);
  });

  test("are requested again until a mirror has them", async (t) => {
    assert.deepEqual(await install(t, "jq curl", "[ $n = 2 ] || [ $n -gt 3 ]"), [
      "apt-get update",
      "sleep 10",
      "apt-get update",
      installing("podman"),
      "sleep 10",
      "apt-get update",
      installing("podman"),
    ]);
  });
});

describe("the script for a base image", () => {
  const keys = (change: Record<string, unknown> = {}, endpoint: Record<string, unknown> = {}) => ({
    provider: "aws",
    regions: [
      {
        name: "eu-central-1",
        topology: "vm",
        storage: { kind: "disk", size: "240GiB" },
        endpoint: { hostname: "cache.example.com", tls: { mode: "private" }, ...endpoint },
        access: { clients: ["203.0.113.0/24"] },
        ...change,
      },
    ],
    upstreams: [{ name: "gsoci", registry: "gsoci.azurecr.io", repositories: ["giantswarm/**"] }],
  });
  const rendered = (config: Record<string, unknown>, region?: string) =>
    baseImage(parseConfig(config), region);
  const pulled = (text: string) =>
    [...text.matchAll(/^podman pull --quiet (\S+)$/gm)].map(([, image]) => image).sort();

  test("pulls exactly the images of the region's Pod", async () => {
    const acme = { zone: "example.com", tls: { mode: "acme", email: "platform@example.com" } };
    for (const endpoint of [{}, acme]) {
      const config = { ...keys({}, endpoint), images: { edge: "registry.example.com/edge:1" } };
      const { plan } = planAwsVm(planRequest("aws vm", config));
      const parts = bundleParts(vmPod(podOptions(plan)));
      assert.deepEqual(pulled(rendered(config)), [...new Set(parts.map(({ image }) => image))].sort());
    }
  });

  test("installs the packages of the user data, and in AWS the agent", async () => {
    const text = rendered(keys());
    assert.ok(text.includes(`packages.sh ${basePackages.join(" ")}\n`));
    assert.match(text, /amazon-ssm-eu-central-1\/\S+\/debian_arm64\/amazon-ssm-agent\.deb/);
    await execa("sh", ["-n"], { input: text });
    const amd64 = rendered(keys({ machine: { architecture: "amd64" } }));
    assert.match(amd64, /dpkg --print-architecture\)" = amd64 \]/);
    assert.match(amd64, /debian_amd64/);
    assert.doesNotMatch(amd64, /@[A-Z]+@|arm64/);
  });

  test("is for one region, which must have its own machine", () => {
    const [region] = keys().regions;
    const other = {
      ...region,
      name: "eu-west-1",
      endpoint: { hostname: "b.example.com", tls: { mode: "private" } },
    };
    const two = { ...keys(), regions: [region, other] };
    assert.throws(() => rendered(two), /name one of its regions, eu-central-1, eu-west-1, by --region/);
    assert.match(rendered(two, "eu-west-1"), /amazon-ssm-eu-west-1/);
    assert.throws(
      () => rendered(keys(), "eu-central-2"),
      /has no region "eu-central-2": did you mean "eu-central-1"\?/,
    );
  });
});

const page = readFileSync(join(projectDirectory, "docs/images.md"), "utf8");
const blocks = [...page.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block = ""]) => block);

test("the command of docs/images.md copies all images to a mirror, and prints their references", async (t) => {
  const [block = ""] = blocks.filter((it) => it.includes("crane"));
  const npm = `cd ${projectDirectory} && shift 3 && exec ${process.execPath} "$@"`;
  const programs = scope(t).use(await fakePrograms({ crane: "", npm }));
  const { stdout } = await execa("bash", ["-euo", "pipefail"], { input: block, env: programs.env });
  const copies = (await programs.calls()).filter(([program]) => program === "crane");
  assert.deepEqual(
    copies.map(([, action, from]) => [action, from]),
    Object.values(defaultImages).map((image) => ["copy", image]),
  );
  const images = parse(stdout);
  assert.deepEqual(Object.keys(images), Object.keys(defaultImages));
  assert.deepEqual(
    copies.map(([, , , to = ""]) => to),
    Object.values<string>(images).map((image) => image.split("@")[0]),
  );
  assert.equal(parseConfig({ ...azure, images }).images.origin, images.origin);
  assert.match(images.origin, /^mirror\.example\.com\/public\/library\/registry:3\.1\.2@sha256:/);
});

describe("the commands of docs/images.md make an image", () => {
  /** Runs a block of the page. @returns the calls of the clouds' programs by their first words, and the last output */
  const paste = async (t: TestContext, block: string, answers: string) => {
    const answer = `case "$*" in ${answers} esac`;
    const programs = scope(t).use(
      await fakePrograms({
        aws: answer,
        az: answer,
        // Runs `npm run --silent base-image -- …`.
        npm: `cd ${projectDirectory} && shift 4 && exec ${process.execPath} scripts/base-image.ts "$@"`,
      }),
    );
    const { stdout } = await execa("bash", ["-eu"], {
      input: block,
      env: programs.env,
      cwd: programs.directory,
    });
    const script = await readFile(join(programs.directory, "base-image.sh"), "utf8");
    const calls = (await programs.calls()).filter(([program]) => program !== "npm");
    return { script, calls: calls.map((call) => call.join(" ")), printed: stdout };
  };

  test("in AWS", async (t) => {
    const [block] = blocks.filter((it) => it.includes("aws ec2"));
    const answers = `*get-parameter*) echo ami-0debian ;; *run-instances*) echo i-0base ;; *create-image*) echo ami-0base ;;`;
    const { script, calls, printed } = await paste(t, block ?? "", answers);
    assert.match(script, /^#!\/bin\/sh\n/);
    assert.match(
      calls[1] ?? "",
      /run-instances --image-id ami-0debian .* --user-data file:\/\/base-image\.sh /,
    );
    assert.deepEqual(
      calls.slice(2).map((call) => call.split(" ").slice(1, 5).join(" ")),
      [
        "ec2 wait instance-stopped --instance-ids",
        "ec2 create-image --instance-id i-0base",
        "ec2 wait image-available --image-ids",
        "ec2 terminate-instances --instance-ids i-0base",
      ],
    );
    assert.equal(printed.split("\n").at(-1), "machine: { image: ami-0base }");
  });

  test("in Azure", async (t) => {
    const [block] = blocks.filter((it) => it.includes("az vm"));
    const id = `${existing.image.slice(0, existing.image.indexOf("/versions/"))}/versions/2026.11.27`;
    const answers = `*"vm show"*) echo /vm/base ;; *"image-version create"*) echo ${id} ;;`;
    const { calls, printed } = await paste(t, block ?? "", answers);
    assert.deepEqual(
      calls.map((call) =>
        call
          .split(" ")
          .slice(1, call.startsWith("az sig") ? 4 : 3)
          .join(" "),
      ),
      [
        ...["vm create", "vm wait", "vm deallocate", "vm generalize"],
        ...["sig image-definition create", "vm show", "sig image-version create", "vm delete"],
      ],
    );
    assert.match(calls.find((it) => it.includes("image-version")) ?? "", / --virtual-machine \/vm\/base$/);
    const [, image = ""] = /^machine: \{ image: (\S+) \}$/.exec(printed.split("\n").at(-1) ?? "") ?? [];
    const { regions } = parseConfig({ ...azure, regions: [{ ...azure.regions[0], machine: { image } }] });
    assert.equal(regions.length, 1);
  });
});

const azure = {
  provider: "azure",
  regions: [
    {
      name: "westeurope",
      topology: "vm",
      storage: { kind: "disk", size: "240GiB" },
      endpoint: { hostname: "cache.example.com", tls: { mode: "private" } },
      access: { clients: ["203.0.113.0/24"] },
    },
  ],
  upstreams: [{ name: "gsoci", registry: "gsoci.azurecr.io", repositories: ["giantswarm/**"] }],
};

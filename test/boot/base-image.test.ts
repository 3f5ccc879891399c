/** A base image, made as docs/images.md says, and a machine from it that nobody else helps: no mirror, and no registry with the Pod's images. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { imagesOf } from "../../components/config/images.ts";
import { renderBaseImage } from "../../components/hosts/vm/base-image.ts";
import { scope } from "../support/scope.ts";
import { ensureMachineImage, ensureQemu } from "./image.ts";
import { Machine } from "./machine.ts";
import { awsRegion, serves } from "./region.ts";
import { steps, storyTimeoutMs } from "./story.ts";
import { surroundings } from "./surroundings.ts";

/** Whoever asks a mirror waits: nobody has this address (RFC 5737). */
const withoutMirrors = `cat >/etc/apt/apt.conf.d/99test <<'END'
Acquire::http::Proxy "http://192.0.2.1:3128";
Acquire::https::Proxy "http://192.0.2.1:3128";
END
`;

test("a base image and a machine from it", { timeout: storyTimeoutMs }, async (t) => {
  const parts = scope(t);
  const step = steps(t);
  await ensureQemu();
  const around = await surroundings(parts);
  const { region, ca } = await awsRegion(around);
  const base = join(around.directory, "base.raw");
  let builder: Machine;

  await step(
    "an instance of Debian's image, with the script as its user data, becomes the base",
    async () => {
      const { directory, boothook, ports, config } = around;
      const text = renderBaseImage({ architecture: "amd64", prepare: [], images: imagesOf(config, false) });
      builder = parts.use(
        await Machine.start({
          image: await ensureMachineImage([]),
          directory: join(directory, "builder"),
          userData: Buffer.from(text),
          boothook,
          ports,
        }),
      );
      await builder.ended();
      t.diagnostic(`${builder.seconds} s until the instance is off and can be captured`);
    },
  );

  await step(
    "a machine from it serves, and asks neither a mirror nor the registry of its images",
    async () => {
      await around.stopImageRegistry();
      const image = await builder.capture(base);
      const machine = parts.use(
        await region.start({
          name: "machine",
          packages: { image, boothook: withoutMirrors },
          disk: "attached",
        }),
      );
      await serves(around, machine, ca);
      await around.pull(ca);
      t.diagnostic(`${machine.seconds} s from the start of a machine to a served pull`);
      await machine.settled();
      t.diagnostic(`${machine.seconds} s until cloud-init is done`);
      assert.equal(await machine.run("find /var/lib/apt/lists /var/log/apt -type f -size +0"), "");
    },
  );
});

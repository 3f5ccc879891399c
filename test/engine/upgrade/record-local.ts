/** What a recording of the stack on this machine needs. */
import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { baseImageNames, defaultImages } from "../../../components/config/images.ts";
import { removeOwned } from "../../../components/hosts/local/owned-files.ts";
import { podman } from "../../../components/hosts/local/podman.ts";
import { ensureImages } from "../../../scripts/setup/images.ts";
import { certificateFile, dataDir } from "./local.ts";
import { images } from "./stacks.ts";
import type { Started } from "./started.ts";

interface Recording extends AsyncDisposable {
  /** Extends the certificate's lifetime to a century, and brings it up. */
  prolong(up: () => Promise<void>): Promise<void>;
}

/** Gives the machine's images the stack's names for them. At the end, removes everything that the recording has created. */
export async function recordingOnThisMachine(stack: Started["stack"]): Promise<Recording> {
  // The tests leave files in this directory.
  await removeOwned(dataDir);
  const found = await ensureImages(defaultImages);
  for (const name of baseImageNames) await podman(["tag", found[name], images[name]]);
  const file = (name: string) => join(dataDir, name);
  return {
    async prolong(up) {
      const [certificate, request] = [file("tls/tls.crt"), file("tls/request")];
      const x509 = (...args: string[]) => execa("openssl", ["x509", "-copy_extensions", "copyall", ...args]);
      await x509("-x509toreq", "-in", certificate, "-key", file("tls/tls.key"), "-out", request);
      const authority = ["-CA", file("ca/ca.crt"), "-CAkey", file("ca/ca.key")];
      await x509("-req", "-in", request, ...authority, "-days", "36500", "-out", certificateFile);
      await copyFile(certificateFile, certificate);
      await up();
    },
    async [Symbol.asyncDispose]() {
      await stack.run("destroy");
      await removeOwned(dataDir);
      for (const name of baseImageNames) await podman(["untag", images[name], images[name]]);
    },
  };
}

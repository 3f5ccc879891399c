import * as pulumi from "@pulumi/pulumi";
import { providerPath } from "../provider-path.ts";
import type { PodmanPodInputs } from "./podman-pod.ts";

const module = providerPath(import.meta.url, "podman-pod-provider");

/**
 * The provider's text is part of the stack's state, and a change of it would replace the resource: so it is this one line per method, and what it
 * does is in podman-pod-provider.ts.
 */
const load = async (): Promise<typeof import("./podman-pod-provider.ts")> =>
  import(`${process.cwd()}/${module}`);

const provider: pulumi.dynamic.ResourceProvider = {
  diff: async (_id, olds, news) => (await load()).diff(olds, news),
  create: async (inputs) => (await load()).create(inputs),
  read: async (id, props) => (await load()).read(id, props),
  update: async (_id, olds, news) => (await load()).update(olds, news),
  delete: async (_id, props) => (await load()).remove(props),
};

/**
 * A Pod that podman plays on this machine. Updates happen in place (the data stays where it is), a refresh notices a Pod that is gone, stopped or
 * another one, and a deletion keeps the data.
 */
export class PodmanPod extends pulumi.dynamic.Resource {
  constructor(name: string, args: pulumi.Output<PodmanPodInputs>, options?: pulumi.CustomResourceOptions) {
    // Where a credential is in it, all of `args` is secret; only the secrets have to stay so.
    const open = <Key extends keyof PodmanPodInputs>(key: Key) =>
      pulumi.unsecret(args.apply((inputs) => inputs[key]));
    super(
      provider,
      name,
      {
        name: open("name"),
        region: open("region"),
        directory: open("directory"),
        bundle: open("bundle"),
        directories: open("directories"),
        ready: open("ready"),
        secrets: pulumi.secret(args.apply(({ secrets }) => secrets)),
      },
      { ...options, additionalSecretOutputs: ["secrets"] },
      "local",
      "PodmanPod",
    );
  }
}

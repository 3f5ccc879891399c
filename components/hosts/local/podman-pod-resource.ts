import * as pulumi from "@pulumi/pulumi";
import { DynamicResource, providerText } from "../dynamic-resource.ts";
import type { PodmanPodInputs } from "./podman-pod.ts";

type Provider = typeof import("./podman-pod-provider.ts");

const provider = providerText<Provider>(import.meta.url, "podman-pod-provider", {
  diff: (module, _id, olds, news) => module.diff(olds, news),
  create: (module, inputs) => module.create(inputs),
  read: (module, id, props) => module.read(id, props),
  update: (module, _id, olds, news) => module.update(olds, news),
  delete: (module, _id, props) => module.remove(props),
});

/**
 * A Pod that podman plays on this machine. Updates happen in place, so the data stays. A refresh detects a Pod that is missing, stopped or
 * different. A deletion keeps the data.
 */
export class PodmanPod extends DynamicResource {
  constructor(name: string, args: pulumi.Output<PodmanPodInputs>, options?: pulumi.CustomResourceOptions) {
    // If `args` contains a credential, Pulumi marks all of it as secret. Only `secrets` has to stay secret.
    const open = <Key extends keyof PodmanPodInputs>(key: Key) =>
      pulumi.unsecret(args.apply((inputs) => inputs[key]));
    super(
      provider,
      "local:PodmanPod",
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
    );
  }
}

import { type GetAmiResult, getAmi } from "@pulumi/aws/ec2/getAmi.js";
import { getParameter } from "@pulumi/aws/ssm/getParameter.js";
import type * as pulumi from "@pulumi/pulumi";
import { awsRootGiB } from "../../../capacity/disk.ts";
import type { Architecture } from "../../../capacity/machine.ts";
import { reasonOf } from "../../look-up.ts";
import { keptImage } from "../../vm/image.ts";
import type { Question } from "../account.ts";
import type { AwsVmPlan } from "./plan.ts";

const path = "machine.image";

/** AWS's names of architectures: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Image.html */
const architectures: Readonly<Record<Architecture, string>> = { arm64: "arm64", amd64: "x86_64" };

interface ImageQuestion extends Question<AwsVmPlan> {
  readonly machine: { readonly type: string; readonly architecture: Architecture };
}

/** Finds the configured image or Debian's newest. If Debian's can't be found, returns the image that the stack keeps. Checks that a machine can be created from the image. */
export async function findImage(question: ImageQuestion): Promise<string | undefined> {
  const { region, lookUp, options } = question;
  const { image } = region.machine;
  if (image === undefined) return findDebian(question);
  const found = await lookUp.ask(path, image, findAmi(image, options));
  if (found) judge(image, found, question);
  return image;
}

/** Checks that a machine can be created from an existing image. EC2 would refuse it only after the old machine was deleted. */
function judge(image: string, found: GetAmiResult, { machine, lookUp }: ImageQuestion): void {
  const { architecture, state, rootDeviceName, blockDeviceMappings } = found;
  if (architecture !== architectures[machine.architecture]) {
    const message = `${image} is for ${architecture}, and the machine, ${machine.type}, has ${machine.architecture}`;
    lookUp.refuse(path, message);
  }
  // https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Image.html
  if (state !== "available") {
    const wayOut = `\`aws ec2 wait image-available --image-ids ${image}\` waits for a new one`;
    lookUp.refuse(path, `${image} is ${state}, and no machine can be made from it: ${wayOut}`);
  }
  const root = blockDeviceMappings.find(({ deviceName }) => deviceName === rootDeviceName);
  const sizeGiB = Number(root?.ebs.volume_size ?? 0);
  if (sizeGiB > awsRootGiB) {
    const message = `the root disk of ${image} has ${sizeGiB} GiB, and the machine's ${awsRootGiB}: make the image from a machine with a smaller one`;
    lookUp.refuse(path, message);
  }
}

/** Finds Debian's own image: https://wiki.debian.org/Cloud/AmazonEC2Image */
async function findDebian(question: ImageQuestion): Promise<string | undefined> {
  const { region, machine, lookUp, options } = question;
  const name = `/aws/service/debian/release/13/latest/${machine.architecture}`;
  const [newest, kept] = await Promise.all([
    lookUp.ask(path, "Debian's image", getParameter({ name }, options)),
    keptImage(region.name, machine.architecture),
  ]);
  if (newest && kept !== undefined) await checkKept(kept, newest.insecureValue, question);
  return newest?.insecureValue ?? kept;
}

/** Messages of EC2 and of the provider about a missing image: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html */
const noSuchImage = /InvalidAMIID|returned no results/;

/** Public images are deleted eventually. The machine still runs, but can't be replaced: a replacement would delete it first and then fail. */
async function checkKept(kept: string, newest: string, question: ImageQuestion): Promise<void> {
  const { lookUp, options } = question;
  try {
    judge(kept, await findAmi(kept, options), question);
  } catch (error) {
    const reason = reasonOf(error as Error);
    if (!noSuchImage.test(reason)) return lookUp.refuse(path, `can't check the image ${kept}: ${reason}`);
    const message =
      `the machine was made from ${kept}, which can't be found any more: ${reason}. ` +
      `Set \`machine: { image: ${newest} }\`, Debian's newest: it replaces the machine, and the disk stays`;
    lookUp.refuse(path, message);
  }
}

function findAmi(image: string, options: pulumi.InvokeOptions) {
  // AWS deprecates public images two years after their creation. They can still be used.
  return getAmi({ filters: [{ name: "image-id", values: [image] }], includeDeprecated: true }, options);
}

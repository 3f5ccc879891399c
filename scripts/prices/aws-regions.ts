/**
 * How AWS's price list writes a region: the prefix of its usage types (https://docs.aws.amazon.com/AmazonS3/latest/userguide/aws-usage-report-understand.html), its
 * name where transfer is concerned, and that of another region of its continent.
 */
export interface AwsPriceRegion {
  readonly prefix: string;
  readonly location: string;
  readonly neighbour: string;
}

/** The regions that the book is kept for. */
export const awsPriceRegions: Readonly<Record<string, AwsPriceRegion>> = {
  "us-east-1": { prefix: "", location: "US East (N. Virginia)", neighbour: "US West (Oregon)" },
  "us-west-2": { prefix: "USW2-", location: "US West (Oregon)", neighbour: "US East (N. Virginia)" },
  "eu-central-1": { prefix: "EUC1-", location: "EU (Frankfurt)", neighbour: "EU (Ireland)" },
  "eu-west-1": { prefix: "EU-", location: "EU (Ireland)", neighbour: "EU (Frankfurt)" },
  "eu-north-1": { prefix: "EUN1-", location: "EU (Stockholm)", neighbour: "EU (Ireland)" },
  "ap-southeast-1": {
    prefix: "APS1-",
    location: "Asia Pacific (Singapore)",
    neighbour: "Asia Pacific (Sydney)",
  },
  "ap-southeast-2": {
    prefix: "APS2-",
    location: "Asia Pacific (Sydney)",
    neighbour: "Asia Pacific (Singapore)",
  },
};

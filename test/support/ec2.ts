import { after, before } from "node:test";
import { awsCloud } from "../doubles/aws/aws.ts";
import { serveEc2 } from "../doubles/aws/ec2-api.ts";
import type { Cloud } from "../doubles/cloud.ts";
import { scope } from "./scope.ts";

/** Lets this process reach the EC2 of a new account during the tests of the suite that calls this. */
export function ec2OfSuite(): Cloud {
  const cloud = awsCloud();
  const resources = scope({ after });
  before(async () => {
    const { environment } = resources.use(await serveEc2(cloud));
    const { ...earlier } = process.env;
    resources.defer(() => {
      for (const name of Object.keys(environment))
        if (earlier[name] === undefined) delete process.env[name];
        else process.env[name] = earlier[name];
    });
    Object.assign(process.env, environment);
  });
  return cloud;
}

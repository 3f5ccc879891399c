// What `pulumi new` makes of an empty program: it has the SDK, and no resource.
import "@pulumi/pulumi";

// The empty program of `pulumi new`: it imports the SDK, and has no resource.
import "@pulumi/pulumi";

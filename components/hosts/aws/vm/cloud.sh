#!/bin/sh
# Requests of the machine to AWS, with its own identity. The AWS CLI isn't used: each start of it would take a second of CPU time.
# Usage: cloud wanted | pod DIGEST | secret NAME | version NAME
set -eu
bucket=${AWS_ENDPOINT_URL_S3:-https://@BUCKET@.s3.@REGION@.amazonaws.com}
parameters=${AWS_ENDPOINT_URL_SSM:-https://ssm.@REGION@.amazonaws.com}
metadata=${AWS_EC2_METADATA_SERVICE_ENDPOINT:-http://169.254.169.254}/latest

# Keys come on standard input, because all users of the machine can see arguments.
ask() { curl -fsS --max-time 20 --config - "$@"; }

# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-metadata-security-credentials.html
of_machine() { printf 'header = "X-aws-ec2-metadata-token: %s"\n' "$token" | ask --noproxy '*' "$metadata/meta-data/$1"; }

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
signed() {
  service=$1
  shift
  token=$(ask --noproxy '*' -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' "$metadata/api/token" </dev/null)
  role=$(of_machine iam/security-credentials/)
  keys=$(of_machine "iam/security-credentials/$role")
  keys=$(printf %s "$keys" | jq -er '"user = \"\(.AccessKeyId):\(.SecretAccessKey)\"\nheader = \"x-amz-security-token: \(.Token)\""')
  printf '%s\n' "$keys" | ask --aws-sigv4 "aws:amz:@REGION@:$service" "$@"
}

# The header is the digest of empty content.
object() { signed s3 -H 'x-amz-content-sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855' "$@"; }

# Usage: parameter NAME DECRYPTED FIELD. Reading the version without decryption needs no right on the key.
parameter() {
  question=$(jq -cn --arg name "$1" --argjson decrypted "$2" '{Name: $name, WithDecryption: $decrypted}')
  answer=$(signed ssm -H 'content-type: application/x-amz-json-1.1' -H 'x-amz-target: AmazonSSM.GetParameter' --data "$question" "$parameters/")
  printf %s "$answer" | jq -ej ".Parameter.$3"
}

case $1 in
wanted)
  rm -f "$RUN/pointer.new"
  # S3 returns the object only if it has changed.
  object --etag-compare "$RUN/etag" --etag-save "$RUN/etag.new" -o "$RUN/pointer.new" "$bucket/pod"
  if [ -e "$RUN/pointer.new" ]; then
    mv "$RUN/pointer.new" "$RUN/pointer"
    mv "$RUN/etag.new" "$RUN/etag"
  fi
  cat "$RUN/pointer"
  ;;
pod) object "$bucket/pods/$2.json" ;;
secret) parameter "$2" true Value ;;
version) parameter "$2" false Version ;;
esac

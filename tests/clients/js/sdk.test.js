// AWS SDK for JavaScript v3, as an application uses it. FIRE_BIN_DIR names the folder with `local-sagemaker`.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import http from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { after, before, beforeEach, test } from "node:test";

import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteObjectsCommand,
  GetObjectAttributesCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  paginateListObjectsV2,
} from "@aws-sdk/client-s3";
import { DescribeTrainingJobCommand, ListTrainingJobsCommand, SageMakerClient } from "@aws-sdk/client-sagemaker";
import {
  InvokeEndpointAsyncCommand,
  InvokeEndpointCommand,
  InvokeEndpointWithResponseStreamCommand,
  SageMakerRuntimeClient,
} from "@aws-sdk/client-sagemaker-runtime";
import { Upload } from "@aws-sdk/lib-storage";
import { NodeHttpHandler } from "@smithy/node-http-handler";

const MEBIBYTE = 1 << 20;
const KEYS = ["a b", "a%20b", "a+b", "a//b", "x/y", "é"];
const settings = {
  region: "us-east-1",
  maxAttempts: 1,
  credentials: { accessKeyId: "anything", secretAccessKey: "at-all" },
};

let server, stateDir, url, s3, Bucket;

before(async () => {
  stateDir = await mkdtemp(join(tmpdir(), "fire-js-"));
  const program = join(process.env.FIRE_BIN_DIR, "local-sagemaker");
  server = spawn(program, ["--port", "0", "--state-dir", stateDir], { stdio: ["ignore", "pipe", "inherit"] });
  for await (const line of createInterface({ input: server.stdout })) {
    url = line.replace("listening on ", "");
    break;
  }
  // An address instead of a name, so the client puts the bucket into the path.
  s3 = new S3Client({ ...settings, endpoint: url });
});

after(async () => {
  server.kill();
  await new Promise((resolve) => server.once("exit", resolve));
  await rm(stateDir, { recursive: true });
});

let buckets = 0;
beforeEach(async () => {
  Bucket = `js-${buckets++}`;
  await s3.send(new CreateBucketCommand({ Bucket }));
});

const put = (Key, Body = Key) => s3.send(new PutObjectCommand({ Bucket, Key, Body }));
const text = async (Key, client = s3) =>
  (await client.send(new GetObjectCommand({ Bucket, Key }))).Body.transformToString();
const sorted = (keys) => [...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));

test("keys are listed as they were stored, with ETag, storage class and a request id", async () => {
  for (const key of KEYS) await put(key);
  const page = await s3.send(new ListObjectsV2Command({ Bucket }));
  assert.deepEqual(page.Contents.map((entry) => entry.Key), sorted(KEYS));
  for (const entry of page.Contents) {
    assert.match(entry.ETag, /^"[0-9a-f]{32}"$/);
    assert.equal(entry.StorageClass, "STANDARD");
  }
  assert.ok(page.$metadata.requestId);
});

test("pages of a grouped list have every key and prefix once", async () => {
  for (const key of KEYS) await put(key);
  const seen = [];
  for await (const page of paginateListObjectsV2({ client: s3, pageSize: 2 }, { Bucket, Delimiter: "/" })) {
    seen.push(...(page.Contents ?? []).map((entry) => entry.Key));
    seen.push(...(page.CommonPrefixes ?? []).map((entry) => entry.Prefix));
  }
  assert.deepEqual(sorted(seen), ["a b", "a%20b", "a+b", "a/", "x/", "é"]);
});

test("an upload in parts comes back whole and by part", async () => {
  const Body = Buffer.alloc(12 * MEBIBYTE, "x");
  const params = { Bucket, Key: "big+", Body, ContentType: "text/x" };
  await new Upload({ client: s3, params, partSize: 5 * MEBIBYTE }).done();
  const head = await s3.send(new HeadObjectCommand({ Bucket, Key: "big+" }));
  assert.deepEqual([head.ContentLength, head.ContentType], [Body.length, "text/x"]);
  assert.match(head.ETag, /-3"$/);
  const part = await s3.send(new GetObjectCommand({ Bucket, Key: "big+", PartNumber: 3 }));
  const bytes = await part.Body.transformToByteArray();
  assert.deepEqual([bytes.length, part.PartsCount], [2 * MEBIBYTE, 3]);
  assert.equal(await text("big+"), Body.toString());
  const left = await s3.send(new ListMultipartUploadsCommand({ Bucket }));
  assert.deepEqual(left.Uploads ?? [], []);
});

// The client cannot know the checksum of a stream before its end, so it sends it in a trailer.
test("a stream is stored with its checksum", async () => {
  const Body = Readable.from([Buffer.from("12345"), Buffer.from("6789")]);
  await s3.send(new PutObjectCommand({ Bucket, Key: "k", Body, ContentLength: 9, ChecksumAlgorithm: "CRC32" }));
  const found = await s3.send(new GetObjectCommand({ Bucket, Key: "k", ChecksumMode: "ENABLED" }));
  assert.equal(found.ChecksumCRC32, Buffer.from("cbf43926", "hex").toString("base64"));
  assert.equal(found.ContentEncoding, undefined);
  assert.equal(await found.Body.transformToString(), "123456789");
});

test("attributes are those that were asked for", async () => {
  await put("k", "123456789");
  const wanted = { Bucket, Key: "k", ObjectAttributes: ["ETag", "ObjectSize", "StorageClass"] };
  const found = await s3.send(new GetObjectAttributesCommand(wanted));
  assert.deepEqual(
    [found.ETag, found.ObjectSize, found.StorageClass],
    ["25f9e794323b453885f5181f1b624d0b", 9, "STANDARD"],
  );
});

test("keys are copied and deleted as they were stored", async () => {
  for (const key of KEYS) await put(key);
  for (const key of KEYS) {
    const CopySource = `${Bucket}/${encodeURIComponent(key)}`;
    await s3.send(new CopyObjectCommand({ Bucket, Key: `copy/${key}`, CopySource }));
    assert.equal(await text(`copy/${key}`), key);
  }
  const Objects = KEYS.map((Key) => ({ Key }));
  const deleted = await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }));
  assert.deepEqual(sorted(deleted.Deleted.map((entry) => entry.Key)), sorted(KEYS));
  const rest = await s3.send(new ListObjectsV2Command({ Bucket }));
  assert.deepEqual(rest.Contents.map((entry) => entry.Key), sorted(KEYS).map((key) => `copy/${key}`));
});

test("a bucket may be in the host name", async () => {
  // Not every system resolves names below localhost.
  const here = { address: "127.0.0.1", family: 4 };
  const lookup = (host, options, found) => (options.all ? found(null, [here]) : found(null, here.address, here.family));
  const hosted = new S3Client({
    ...settings,
    endpoint: `http://localhost:${new URL(url).port}`,
    requestHandler: new NodeHttpHandler({ httpAgent: new http.Agent({ lookup }) }),
  });
  await hosted.send(new PutObjectCommand({ Bucket, Key: "d/a+b", Body: "1" }));
  await hosted.send(new PutObjectCommand({ Bucket, Key: "/lead", Body: "2" }));
  assert.equal(await text("d/a+b", hosted), "1");
  assert.equal(await text("/lead"), "2");
  for (const client of [hosted, s3]) {
    const page = await client.send(new ListObjectsV2Command({ Bucket }));
    assert.deepEqual(page.Contents.map((entry) => entry.Key), ["/lead", "d/a+b"]);
  }
  await hosted.send(new CreateBucketCommand({ Bucket: `${Bucket}-hosted` }));
  await s3.send(new ListObjectsV2Command({ Bucket: `${Bucket}-hosted` }));
});

test("an error of S3 has a name, a status and a request id", async () => {
  await assert.rejects(text("missing"), (error) => {
    assert.deepEqual([error.name, error.$metadata.httpStatusCode], ["NoSuchKey", 404]);
    return Boolean(error.$metadata.requestId);
  });
  const created = { Bucket, Key: "k", Body: "1", IfNoneMatch: "*" };
  await s3.send(new PutObjectCommand(created));
  await assert.rejects(s3.send(new PutObjectCommand(created)), { name: "PreconditionFailed" });
});

test("SageMaker lists jobs and names its errors", async () => {
  const sagemaker = new SageMakerClient({ ...settings, endpoint: url });
  const jobs = await sagemaker.send(new ListTrainingJobsCommand({}));
  assert.deepEqual(jobs.TrainingJobSummaries, []);
  const unknown = new DescribeTrainingJobCommand({ TrainingJobName: "unknown" });
  await assert.rejects(sagemaker.send(unknown), { name: "ValidationException" });
});

const INVOCATIONS = {
  InvokeEndpoint: [InvokeEndpointCommand, /Endpoint none of account \d+ not found/],
  InvokeEndpointAsync: [InvokeEndpointAsyncCommand, /InvokeEndpointAsync/],
  InvokeEndpointWithResponseStream: [InvokeEndpointWithResponseStreamCommand, /InvokeEndpointWithResponseStream/],
};

for (const [name, [Command, message]] of Object.entries(INVOCATIONS)) {
  test(`${name} is rejected in JSON that the client can read`, async () => {
    const runtime = new SageMakerRuntimeClient({ ...settings, endpoint: url });
    const invocation = new Command({ EndpointName: "none", Body: "1", InputLocation: "s3://bucket/k" });
    await assert.rejects(runtime.send(invocation), (error) => {
      assert.doesNotMatch(error.name, /SyntaxError|NoSuchBucket|^Error$/);
      assert.match(error.message, message);
      return true;
    });
  });
}

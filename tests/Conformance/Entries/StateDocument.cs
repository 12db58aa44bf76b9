using System.Text.RegularExpressions;

namespace Engine.Tests.Conformance.Entries;

/// <summary>runtime.md#state: the members of the state document.</summary>
internal static partial class StateDocument
{
    public static Entry[] All { get; } =
    [
        new("state.oci-version", "runtime.md#state", "ociVersion is a version of the specification", t =>
            Assert.Matches(SemVer(), (string?)t.Create(t.NewWaiting()).State["ociVersion"])),
        new("state.id", "runtime.md#state", "id is the container's id", t =>
        {
            var container = t.Create(t.NewWaiting());
            Assert.Equal(container.Id, (string?)container.State["id"]);
        }),
        new("state.pid.created", "runtime.md#state", "pid is there when the status is created, as the host sees it", t =>
        {
            var container = t.Create(t.NewWaiting());
            Assert.True(ProcFs.Lives((int)container.State["pid"]!));
        }),
        new("state.pid.running", "runtime.md#state", "pid stays the same when the status is running", t =>
        {
            var container = t.Create(t.NewWaiting());
            var pid = (int)container.State["pid"]!;
            container.Start().WaitForOutput("ready");
            Assert.Equal(pid, (int)container.State["pid"]!);
            Assert.StartsWith("/probe", ProcFs.CommandLine(pid), StringComparison.Ordinal);
        }),
        new("state.bundle", "runtime.md#state", "bundle is the absolute path of the bundle", t =>
        {
            var bundle = t.NewWaiting();
            Assert.Equal(bundle.Path, (string?)t.Create(bundle).State["bundle"]);
        }),
        new("state.bundle.relative", "runtime.md#state", "bundle is absolute although create got a relative path", t =>
        {
            var bundle = t.NewWaiting().Path;
            var id = t.NewId();
            var command = t.Oci.PrepareDetached(t.File("out"), t.File("err"), "create", "--bundle", Path.GetFileName(bundle), id);
            command.WorkingDirectory = t.Directory;
            command.Run().ShouldExit(0);
            Assert.Equal(bundle, (string?)t.Oci.State(id)["bundle"]);
        }),
        new("state.bundle.default", "runc CLI create --bundle", "without --bundle it is the current directory", t =>
        {
            var bundle = t.NewWaiting().Path;
            var id = t.NewId();
            var command = t.Oci.PrepareDetached(t.File("out"), t.File("err"), "create", id);
            command.WorkingDirectory = bundle;
            command.Run().ShouldExit(0);
            Assert.Equal(bundle, (string?)t.Oci.State(id)["bundle"]);
        }),
        new("state.annotations", "runtime.md#state", "annotations are those of the config, empty values and odd keys included", t =>
        {
            var state = t.Create(t.NewWaiting().WithAnnotation("org.example.key", "value").WithAnnotation("empty", "").WithAnnotation("with \"quote\"", "ä\n")).State;
            Assert.Equal("value", (string?)state["annotations"]!["org.example.key"]);
            Assert.Equal("", (string?)state["annotations"]!["empty"]);
            Assert.Equal("ä\n", (string?)state["annotations"]!["with \"quote\""]);
        }),
        new("state.annotations.none", "runtime.md#state", "without annotations the member is absent or an empty object", t =>
        {
            var state = t.Create(t.NewWaiting()).State;
            Assert.True(state["annotations"] is null or JsonObject { Count: 0 }, state.ToJsonString());
        }),
        new("state.types", "runtime.md#state", "id, status, bundle and ociVersion are strings and pid is a number", t =>
        {
            var state = t.Create(t.NewWaiting()).State;
            Assert.All(["id", "status", "bundle", "ociVersion"], name => Assert.Equal(System.Text.Json.JsonValueKind.String, state[name]!.GetValueKind()));
            Assert.Equal(System.Text.Json.JsonValueKind.Number, state["pid"]!.GetValueKind());
        }),
        new("state.quiet", "runc CLI state", "state prints the document alone: one JSON object, nothing on standard error", t =>
        {
            var result = t.Oci.Ok("state", t.Create(t.NewWaiting()).Id);
            Assert.Equal("", result.Error);
            Assert.IsType<JsonObject>(JsonNode.Parse(result.Text));
        }),
    ];

    [GeneratedRegex(@"^1\.\d+\.\d+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$")]
    private static partial Regex SemVer();
}

using System.Text;
using Engine.Diagnostics;
using Engine.Spec;
using FsCheck;
using FsCheck.Fluent;

namespace Engine.Tests.Unit.Spec;

/// <summary>Bytes to records: values that arrive, and errors that name file, line and JSON path.</summary>
public class LoaderTests
{
    [Fact]
    public void Values_arrive_where_they_belong()
    {
        var spec = Documents.Runnable();

        Assert.Equal("1.0.2-dev", spec.OciVersion);
        Assert.Equal((25UL, 80UL), (spec.Process!.ConsoleSize!.Height, spec.Process.ConsoleSize.Width));
        Assert.Equal(18u, spec.Process.User.Umask);
        Assert.Equal([10u, 20u], spec.Process.User.AdditionalGids);
        Assert.Equal(ulong.MaxValue, spec.Process.Rlimits[0].Hard);
        Assert.Equal(100, spec.Process.OomScoreAdj);
        Assert.True(spec.Root!.Readonly);
        Assert.Equal("mode=755", spec.Mounts[1].Options[2]);
        Assert.Equal(5, spec.Hooks!.Poststop[0].Timeout);
        Assert.Equal("value", spec.Annotations["org.example.key"]);
        Assert.Equal(100000u, spec.Linux!.UidMappings[0].HostId);
        Assert.Equal("/run/netns/a", spec.Linux.Namespace("network")!.Path);
        Assert.True(spec.Linux.Namespace("network")!.IsJoined);
        Assert.False(spec.Linux.Namespace("pid")!.IsJoined);
        Assert.Equal(10, spec.Linux.TimeOffsets["boottime"].Secs);
        Assert.Equal(438u, spec.Linux.Devices[0].FileMode);
        Assert.Equal(2000000, spec.Linux.Resources!.Memory!.Swap);
        Assert.Equal("900000", spec.Linux.Resources.Unified["memory.high"]);
        Assert.Equal(38u, spec.Linux.Seccomp!.DefaultErrnoRet);
        Assert.Equal(5u, spec.Linux.Seccomp.Syscalls[0].Args[0].Index);
    }

    [Fact]
    public void What_is_absent_is_null_or_empty()
    {
        var spec = Documents.Load("""{"ociVersion":"1.0.0","process":{"cwd":"/"},"linux":{"seccomp":{"defaultAction":"SCMP_ACT_LOG"}}}""");

        Assert.Null(spec.Root);
        Assert.Null(spec.Hooks);
        Assert.Empty(spec.Mounts);
        Assert.Empty(spec.Annotations);
        Assert.Empty(spec.Process!.Args);
        Assert.Null(spec.Process.OomScoreAdj);
        Assert.Null(spec.Process.Capabilities);
        Assert.Equal(0u, spec.Process.User.Uid);
        Assert.Empty(spec.Linux!.Namespaces);
        Assert.Empty(spec.Linux.Sysctl);
        Assert.Null(spec.Linux.Seccomp!.DefaultErrnoRet);
        Assert.Empty(spec.Linux.Seccomp.Syscalls);
    }

    [Fact]
    public void An_error_names_file_line_path_and_value()
    {
        var refused = Documents.Refused("""
            {
              "ociVersion": "1.0.0",
              "process": {
                "cwd": "/",
                "rlimits": [
                  { "type": "nofile", "soft": 1, "hard": 1 }
                ]
              }
            }
            """);
        Assert.Equal("config.json:6: process.rlimits[0].type: must be RLIMIT_ and capital letters, is \"nofile\"", refused.Message);
        Assert.Equal(ExitCode.Failure, refused.ExitCode);
    }

    [Fact]
    public void Every_error_of_the_schema_is_found_in_one_go()
    {
        var refused = Documents.Refused("""
            { "ociVersion": 1,
              "hostname": [],
              "mounts": [ {}, { "destination": "/a", "options": "ro" } ],
              "linux": { "resources": { "pids": {} } } }
            """);
        Assert.Equal(
            ["config.json:1: ociVersion: must be a string, is a number",
             "config.json:2: hostname: must be a string, is an array",
             "config.json:3: mounts[0].destination: is required and missing",
             "config.json:3: mounts[1].options: must be an array, is a string",
             "config.json:4: linux.resources.pids.limit: is required and missing"],
            refused.Lines);
        Assert.EndsWith("(and 4 more)", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_broken_document_names_the_line_and_the_place_where_it_breaks()
    {
        var refused = Documents.Refused("{\n  \"ociVersion\": \"1.0.0\",\n  \"root\": { \"path\": rootfs }\n}");
        var error = Assert.Single(refused.Errors);
        Assert.Equal(3, error.Line);
        Assert.Equal("root.path", error.JsonPath);
        Assert.StartsWith("not JSON: ", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("LineNumber", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "empty")]
    [InlineData("\uFEFF{}", "byte order mark")]
    [InlineData("{\"ociVersion\":\"1.0.0\"} {}", "not JSON")]
    [InlineData("{\"ociVersion\":\"1.0.0\",}", "not JSON")]
    [InlineData("/* a */{\"ociVersion\":\"1.0.0\"}", "not JSON")]
    [InlineData("[]", "must be an object, is an array")]
    [InlineData("null", "must be an object, is null")]
    public void What_is_not_a_plain_JSON_object_is_refused(string text, string reason) =>
        Assert.Contains(reason, Documents.Refused(text).Message, StringComparison.Ordinal);

    [Fact]
    public void Invalid_UTF8_is_refused_with_its_line()
    {
        var refused = Documents.Refused([.. "{\n\"hostname\":\n\"a"u8, 0xC3, 0x28, .. "\"}"u8]);
        Assert.Equal("config.json:3: not UTF-8", refused.Message);
    }

    [Fact]
    public void A_name_is_read_with_its_escapes_and_must_be_one()
    {
        Assert.Equal("box", Documents.Load("""{"\u006fciVersion":"1.0.0","host\u006eame":"box"}""").Hostname);
        foreach (var json in new[] { """{"ociVersion":"1.0.0","\ud800":1}""", """{"ociVersion":"1.0.0","linux":{"\udc00a":{}}}""" })
            Assert.Contains("half of a surrogate pair", Documents.Refused(json).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Size_and_depth_are_bounded()
    {
        Assert.Contains("larger than", Documents.Refused(new byte[ConfigLoader.MaxBytes + 1]).Message, StringComparison.Ordinal);
        var deep = "{\"ociVersion\":\"1.0.0\",\"x\":" + new string('[', 70) + new string(']', 70) + "}";
        Assert.Contains("not JSON", Documents.Refused(deep).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_list_of_errors_is_bounded()
    {
        var many = "{\"ociVersion\":\"1.0.0\",\"mounts\":[" + string.Join(',', Enumerable.Repeat("{}", 500)) + "]}";
        Assert.Equal(DocumentCheck.MaxErrors, Documents.Refused(many).Errors.Count);
    }

    [Fact]
    public void Errors_of_the_checks_have_lines_too()
    {
        var json = """
            {
              "ociVersion": "1.0.0",
              "root": { "path": "rootfs" },
              "process": {
                "args": ["sh"],
                "cwd":
                  "relative"
              },
              "linux": {
                "namespaces": [ { "type": "mount" } ],
                "sysctl": {
                  "net.ipv4.ip_forward": "1"
                }
              }
            }
            """;
        var refused = Assert.Throws<ConfigException>(() => ConfigLoader.LoadRunnable(Encoding.UTF8.GetBytes(json), "config.json", HostFacts.None, out _));
        Assert.Equal(
            [("process.cwd", 6), ("linux.sysctl[\"net.ipv4.ip_forward\"]", 12)],
            refused.Errors.Select(e => (e.JsonPath, e.Line)));
    }

    [Fact]
    public void What_is_missing_has_the_line_of_what_should_hold_it()
    {
        var refused = Assert.Throws<ConfigException>(() =>
            ConfigLoader.LoadRunnable("{\n\"ociVersion\": \"1.0.0\",\n\"linux\": {}\n}"u8, "c", HostFacts.None, out _));
        Assert.Contains("c:1: root: is required and missing", refused.Lines);
        Assert.Contains(refused.Lines, line => line.StartsWith("c:3: linux.namespaces: ", StringComparison.Ordinal));
    }

    [Fact]
    public void A_process_and_resources_load_by_themselves()
    {
        Assert.Equal("sh", ConfigLoader.LoadProcess("""{"cwd":"/","args":["sh"]}"""u8, "p").Args[0]);
        Assert.StartsWith("p:1: args: ", Assert.Throws<ConfigException>(() => ConfigLoader.LoadProcess("""{"cwd":"/"}"""u8, "p")).Message, StringComparison.Ordinal);
        Assert.Equal(5, ConfigLoader.LoadResources("""{"pids":{"limit":5}}"""u8, "r").Pids!.Limit);
        Assert.StartsWith("r:1: memory.swappiness: ", Assert.Throws<ConfigException>(() => ConfigLoader.LoadResources("""{"memory":{"swappiness":101}}"""u8, "r")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_stream_is_read_no_further_than_the_limit()
    {
        Assert.Equal("abc"u8.ToArray(), ConfigLoader.ReadBounded(new MemoryStream("abc"u8.ToArray())));
        Assert.Equal(ConfigLoader.MaxBytes + 1, ConfigLoader.ReadBounded(new MemoryStream(new byte[ConfigLoader.MaxBytes + 5000])).Length);
    }

    [Theory]
    [InlineData("a.b[0].c", "a.b[0]")]
    [InlineData("a.b[0]", "a.b")]
    [InlineData("a[\"x.]\\\"[y\"]", "a")]
    [InlineData("a[\"x.]\\\"[y\"].z", "a[\"x.]\\\"[y\"]")]
    [InlineData("a", "")]
    [InlineData("", "")]
    public void The_parent_of_a_path(string path, string parent) => Assert.Equal(parent, JsonPath.Parent(path));

    [Fact]
    public void A_message_is_one_line_whatever_the_document_holds()
    {
        var refused = Documents.Refused("""{"ociVersion":"1.0.0","linux":{"namespaces":[{"type":"a\nb\u001b[31m\u202e"}]}}""");
        Assert.EndsWith("is \"a\\nb\\u001b[31m\\u202e\"", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Random_bytes_end_in_a_record_or_in_the_one_exception() =>
        Check.QuickThrowOnFailure(Prop.ForAll<byte[]>(bytes => IsAnswered(bytes)));

    [Fact]
    public void Mutations_of_a_good_document_end_in_a_record_or_in_the_one_exception()
    {
        var good = File.ReadAllBytes(Path.Combine(Documents.Own, "config", "good", "runnable.json"));
        var interesting = "{}[]\",:\\0123456789.eEuntrfalse-+ \n\x00\x7f\u00e9"u8.ToArray();
        var mutation = Gen.Zip(Gen.Choose(0, good.Length - 1), Gen.Elements(interesting)).ListOf();
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(3000), Prop.ForAll(mutation.ToArbitrary(), mutations =>
        {
            var bytes = good.ToArray();
            foreach (var (at, value) in mutations)
                bytes[at] = value;
            return IsAnswered(bytes);
        }));
    }

    [Fact]
    public void Any_truncation_of_a_good_document_is_refused()
    {
        var good = File.ReadAllBytes(Path.Combine(Documents.Own, "config", "good", "runnable.json")).AsSpan().TrimEnd((byte)'\n').ToArray();
        for (var length = 0; length < good.Length; length++)
            Documents.Refused(good[..length]);
    }

    private static bool IsAnswered(byte[] bytes)
    {
        try
        {
            ConfigLoader.LoadRunnable(bytes, "config.json", HostFacts.None, out _);
        }
        catch (ConfigException e)
        {
            // Without a line it is the loader's last resort, which nothing may reach.
            Assert.All(e.Errors, error => Assert.True(error.Line > 0 || error.Message == "empty", error.Message));
            return e.Errors.Count > 0 && e.Lines.All(line => !line.Any(char.IsControl));
        }
        return true;
    }
}

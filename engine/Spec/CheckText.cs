using System.Text;
using Engine.Diagnostics;
using Engine.Shared.Protocol;

namespace Engine.Spec;

/// <summary>Rules about texts that several checks share.</summary>
internal static class CheckText
{
    /// <summary>The path of a property below <paramref name="at"/>, which may be the document itself.</summary>
    public static string At(string at, string name) => at.Length == 0 ? name : $"{at}.{name}";

    /// <summary>An absolute path that fits PATH_MAX.</summary>
    public static void AbsolutePath(string path, string at, Findings findings)
    {
        if (!path.StartsWith('/'))
            findings.Error(at, $"must be an absolute path, is {Quote.Text(path)}");
        else
            PathLength(path, at, findings);
    }

    /// <summary>A path that fits PATH_MAX.</summary>
    public static void PathLength(string path, string at, Findings findings)
    {
        if (Encoding.UTF8.GetByteCount(path) > Limits.Path)
            findings.Error(at, $"is longer than {Limits.Path} bytes");
    }

    /// <summary>KEY=VALUE for every entry: anything else is a typing error that programs would read in different ways.</summary>
    public static void Environment(string[] env, string at, Findings findings)
    {
        for (var i = 0; i < env.Length; i++)
        {
            var separator = env[i].IndexOf('=');
            if (separator < 0)
                findings.Error($"{at}[{i}]", $"must be KEY=VALUE, is {Quote.Text(env[i])}");
            else if (separator == 0)
                findings.Error($"{at}[{i}]", $"has no key before the '=': {Quote.Text(env[i])}");
        }
        Strings(env, at, findings);
    }

    /// <summary>What execve takes: see <see cref="Limits"/>.</summary>
    public static void Strings(string[] strings, string at, Findings findings)
    {
        if (strings.Length > Limits.ExecStrings)
            findings.Error(at, $"has more than {Limits.ExecStrings} entries");
        for (var i = 0; i < strings.Length; i++)
        {
            if (strings[i].Length > Limits.ExecString / 3 && Encoding.UTF8.GetByteCount(strings[i]) > Limits.ExecString)
                findings.Error($"{at}[{i}]", $"is longer than {Limits.ExecString} bytes, which the kernel does not execute");
        }
    }

    /// <summary>A path without doubled, single-dot and trailing parts, from "/". Two dots are taken as text takes them.</summary>
    public static string Normalize(string path)
    {
        var parts = new List<string>();
        foreach (var part in path.Split('/'))
        {
            if (part is "" or ".")
                continue;
            if (part != "..")
                parts.Add(part);
            else if (parts.Count > 0)
                parts.RemoveAt(parts.Count - 1);
        }
        return "/" + string.Join('/', parts);
    }
}

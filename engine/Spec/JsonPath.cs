using System.Text;
using Engine.Diagnostics;

namespace Engine.Spec;

/// <summary>
/// Where a walk through a document is, and how a place is spelled: <c>linux.sysctl["net.ipv4.ip_forward"]</c>,
/// <c>process.rlimits[0].type</c>. The document itself is the empty string.
/// </summary>
internal sealed class JsonPath
{
    // A property has a name; an array element has a null name and an index.
    private readonly List<(string? Name, int Index)> _segments = [];

    /// <summary>Enters a property.</summary>
    public void Push(string name) => _segments.Add((name, 0));

    /// <summary>Enters an array element.</summary>
    public void Push(int index) => _segments.Add((null, index));

    /// <summary>Leaves what was entered last.</summary>
    public void Pop() => _segments.RemoveAt(_segments.Count - 1);

    public override string ToString()
    {
        var text = new StringBuilder();
        foreach (var (name, index) in _segments)
        {
            if (name is null)
                text.Append('[').Append(index).Append(']');
            else
                Append(text, name);
        }
        return text.ToString();
    }

    /// <summary>The path of a property below another path.</summary>
    public static string Property(string parent, string name)
    {
        var text = new StringBuilder(parent);
        Append(text, name);
        return text.ToString();
    }

    /// <summary>The path without its last segment; the empty string has none and stays.</summary>
    public static string Parent(string path)
    {
        var end = 0;
        var previous = 0;
        while (end < path.Length)
        {
            previous = end;
            end = SegmentEnd(path, end);
        }
        return path[..previous];
    }

    /// <summary>The path and every path above it but the document's.</summary>
    public static IEnumerable<string> WithParents(string path)
    {
        for (; path.Length > 0; path = Parent(path))
            yield return path;
    }

    private static int SegmentEnd(string path, int start)
    {
        var at = start + 1;
        if (path[start] != '[')
        {
            while (at < path.Length && path[at] is not ('.' or '['))
                at++;
            return at;
        }
        var quoted = at < path.Length && path[at] == '"';
        if (quoted)
            at++;
        // A backslash inside quotes takes the next character with it; the only brackets that count are outside of quotes.
        while (at < path.Length)
        {
            var c = path[at++];
            if (quoted && c == '\\')
                at++;
            else if (quoted && c == '"')
                quoted = false;
            else if (!quoted && c == ']')
                break;
        }
        return Math.Min(at, path.Length);
    }

    private static void Append(StringBuilder text, string name)
    {
        if (!IsPlain(name))
        {
            text.Append('[').Append(Quote.Text(name)).Append(']');
            return;
        }
        if (text.Length > 0)
            text.Append('.');
        text.Append(name);
    }

    private static bool IsPlain(string name)
    {
        if (name.Length is 0 or > 64)
            return false;
        foreach (var c in name)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c != '_')
                return false;
        }
        return true;
    }
}

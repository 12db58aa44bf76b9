using System.Globalization;

namespace Engine.Cgroups;

/// <summary>Control files of one container, by the controller that they belong to. What is not there is null; any uid may read.</summary>
/// <param name="slots">From the container's state.</param>
internal sealed class CgroupReadings(IReadOnlyList<CgroupSlot> slots)
{
    /// <summary>True when the controller is on a v1 hierarchy.</summary>
    public bool IsV1(string controller) => Slot(controller)?.Version == CgroupVersion.V1;

    /// <summary>Text of a file in the directory that has the controller; "" names cgroup2 itself.</summary>
    public string? Text(string controller, string file) => Slot(controller) is { } slot ? CgroupFiles.ReadOrNull(slot.Directory + "/" + file) : null;

    /// <summary>A file with one number; "max" is null.</summary>
    public ulong? Number(string controller, string file) => Parse(Text(controller, file)?.Trim());

    /// <summary>Lines "key value", in the order of the keys.</summary>
    public SortedDictionary<string, ulong> Table(string controller, string file)
    {
        var table = new SortedDictionary<string, ulong>(StringComparer.Ordinal);
        foreach (string line in Text(controller, file)?.Split('\n') ?? [])
        {
            string[] fields = line.Split(' ');
            if (fields.Length == 2 && Parse(fields[1]) is { } value)
            {
                table[fields[0]] = value;
            }
        }

        return table;
    }

    /// <summary>Names of the files in the directory that has the controller.</summary>
    public IEnumerable<string> Files(string controller)
    {
        try
        {
            return Slot(controller) is { } slot ? Directory.GetFiles(slot.Directory).Select(file => Path.GetFileName(file)!) : [];
        }
        catch (IOException)
        {
            return [];
        }
    }

    /// <summary>A number; null for anything else.</summary>
    public static ulong? Parse(string? text) => ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ulong number) ? number : null;

    // A controller without a v1 hierarchy is on cgroup2, if anywhere.
    private CgroupSlot? Slot(string controller) =>
        slots.FirstOrDefault(slot => slot.Version == CgroupVersion.V1 && slot.Controllers.Contains(controller))
        ?? slots.FirstOrDefault(slot => slot.Version == CgroupVersion.V2);
}

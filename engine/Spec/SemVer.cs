using System.Globalization;

namespace Engine.Spec;

/// <summary>Semantic versions 2.0.0, as far as ociVersion needs them.</summary>
internal static class SemVer
{
    /// <summary>The major version of MAJOR.MINOR.PATCH[-PRERELEASE][+BUILD]; false when it is not of that form.</summary>
    public static bool TryMajor(string text, out int major)
    {
        major = 0;
        if (text.Length > 128)
            return false;
        var (rest, build) = Cut(text, '+');
        var (core, prerelease) = Cut(rest, '-');
        if ((build is not null && !AreIdentifiers(build)) || (prerelease is not null && !AreIdentifiers(prerelease)))
            return false;
        var numbers = core.Split('.');
        return numbers.Length == 3 && numbers.All(IsNumber) && int.TryParse(numbers[0], NumberStyles.None, CultureInfo.InvariantCulture, out major);
    }

    private static (string Before, string? After) Cut(string text, char at)
    {
        var index = text.IndexOf(at);
        return index < 0 ? (text, null) : (text[..index], text[(index + 1)..]);
    }

    private static bool AreIdentifiers(string text) =>
        text.Split('.').All(part => part.Length > 0 && part.All(c => char.IsAsciiLetterOrDigit(c) || c == '-'));

    private static bool IsNumber(string text) => text.Length > 0 && text.All(char.IsAsciiDigit) && (text == "0" || text[0] != '0');
}

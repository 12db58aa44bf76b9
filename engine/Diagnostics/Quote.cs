using System.Globalization;
using System.Text;

namespace Engine.Diagnostics;

/// <summary>
/// Makes text of strangers (configurations, files, arguments) fit for a message: one line, nothing a terminal would obey,
/// nothing that looks like something else, and short.
/// </summary>
public static class Quote
{
    /// <summary>Longest text shown; the rest is an ellipsis.</summary>
    public const int MaxLength = 120;

    /// <summary>The text between double quotes, escaped as in JSON.</summary>
    public static string Text(string? value)
    {
        if (value is null)
            return "null";
        var text = new StringBuilder(value.Length + 2).Append('"');
        var shown = 0;
        foreach (var rune in value.EnumerateRunes())
        {
            if (shown++ == MaxLength)
                return text.Append("…\"").ToString();
            Append(text, rune);
        }
        return text.Append('"').ToString();
    }

    /// <summary>As <see cref="Text"/>, however long it is.</summary>
    public static string Whole(string value) => $"\"{Line(value).Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";

    /// <summary>A sentence that is to stay one: nothing but what would break the line is escaped.</summary>
    public static string Line(string value)
    {
        var text = new StringBuilder(value.Length);
        foreach (var rune in value.EnumerateRunes())
        {
            if (IsPlain(rune))
                text.Append(rune.ToString());
            else
                Append(text, rune);
        }
        return text.ToString();
    }

    private static void Append(StringBuilder text, Rune rune)
    {
        switch (rune.Value)
        {
            case '"':
                text.Append("\\\"");
                break;
            case '\\':
                text.Append("\\\\");
                break;
            case '\n':
                text.Append("\\n");
                break;
            case '\t':
                text.Append("\\t");
                break;
            default:
                if (IsPlain(rune))
                    text.Append(rune.ToString());
                else if (rune.IsBmp)
                    text.Append("\\u").Append(rune.Value.ToString("x4", CultureInfo.InvariantCulture));
                else
                    text.Append("\\U").Append(rune.Value.ToString("x8", CultureInfo.InvariantCulture));
                break;
        }
    }

    // Format characters include the ones that reorder a line (bidi overrides); separators other than the space include
    // U+2028 and the no-break spaces that hide in names.
    private static bool IsPlain(Rune rune) => rune.Value == ' ' || Rune.GetUnicodeCategory(rune) is not
        (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse or
         UnicodeCategory.OtherNotAssigned or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or
         UnicodeCategory.SpaceSeparator);
}

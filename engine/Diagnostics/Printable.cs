using System.Text;

namespace Engine.Diagnostics;

/// <summary>Makes text from outside fit for a terminal: control characters become escapes, so that no name forges a line.</summary>
public static class Printable
{
    /// <summary><paramref name="text"/> with control characters written as <c>\xNN</c>.</summary>
    public static string Of(string text)
    {
        int first = 0;
        while (first < text.Length && !char.IsControl(text[first]))
        {
            first++;
        }

        if (first == text.Length)
        {
            return text;
        }

        var safe = new StringBuilder(text.Length + 8);
        foreach (char c in text)
        {
            if (char.IsControl(c))
            {
                safe.Append(System.Globalization.CultureInfo.InvariantCulture, $"\\x{(int)c:x2}");
            }
            else
            {
                safe.Append(c);
            }
        }

        return safe.ToString();
    }
}

using System.Text;
using System.Text.RegularExpressions;
using Interlace.Evaluation.Python;
using Interlace.Evaluation.Tables;
using Interlace.Vlm;

namespace Interlace.Evaluation.Judges;

/// <summary>The exact texts that a judge model is asked (evaluation rule 6).</summary>
public static partial class JudgePrompts
{
    private const string ChoiceEnglish =
        "You are an AI assistant who will help me to match an answer with several options of a single-choice question. "
            + "You are provided with a question, several options, and an answer, and you need to find which option is most similar to "
            + "the answer. If the meaning of all options are significantly different from the answer, output Z. "
            + "Your should output a single uppercase character in A, B, C, D (if they are valid options), and Z. \n" +
        "Example 1: \n" +
        "Question: What is the main object in image?\n" +
        "Options: A. teddy bear B. rabbit C. cat D. dog\n" +
        "Answer: a cute teddy bear\n" +
        "Your output: A\n" +
        "Example 2: \n" +
        "Question: What is the main object in image?\n" +
        "Options: A. teddy bear B. rabbit C. cat D. dog\n" +
        "Answer: Spider\n" +
        "Your output: Z\n" +
        "Example 3: \n" +
        "Question: ";

    private const string ChoiceChinese =
        "你是一个帮助我匹配答案与单选题中多个选项的 AI 助手。你会被提供：一个问题，多个选项，一个答案。你的任务是找到与答案意义最相近的选项。如果所有选项的意义都与答案显著不同，则输出 Z。你应该输出一个单个的大写字母，例如 A, B, C, "
            + "D（如果它们是有效选项），或 Z。例 1:问题: 图中最主要的物体是什么?\n" +
        "选项: A. 泰迪熊 B. 兔子 C. 猫 D. 狗\n" +
        "答案: 一只可爱的泰迪熊\n" +
        "输出: A\n" +
        "例 2: \n" +
        "问题: 图中最主要的物体是什么?\n" +
        "选项: A. 泰迪熊 B. 兔子 C. 猫 D. 狗\n" +
        "答案: 蜘蛛\n" +
        "输出: Z\n" +
        "例 3: \n" +
        "问题: ";

    private const string YesNoEnglish =
        "You are an AI assistant who will help me to match an answer with two options of a question. The options are only Yes / No. "
            + "You are provided with a question and an answer, and you need to find which option (Yes / No) is most similar to the "
            + "answer. If the meaning of all options are significantly different from the answer, output Unknown. "
            + "Your should output a single word among the following 3 choices: Yes, No, Unknown.\n" +
        "Example 1: \n" +
        "Question: Is the word in this image 'Hello'?\n" +
        "Answer: The word in this image is 'Hello'.\n" +
        "Your output: Yes\n" +
        "Example 2: \n" +
        "Question: Is the word in this image 'Hello'?\n" +
        "Answer: The word in this image is not 'Hello'.\n" +
        "Your output: No\n" +
        "Example 3: \n" +
        "Question: ";

    private static readonly string[] Ordinals = ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth",
        "tenth"];

    /// <summary>Asks which option a free answer means; in Chinese where the question holds a Chinese character.</summary>
    public static string MultipleChoice(string question, IReadOnlyList<Option> options, string prediction)
    {
        string list = "There are several options: \n" + string.Concat(options.Select(option => $"{option.Letter}. {option.Text}\n"));
        return Han().IsMatch(question)
            ? $"{ChoiceChinese}{question}?\n选项: {list}\n答案: {prediction}\n输出: "
            : $"{ChoiceEnglish}{question}?\nOptions: {list}\nAnswer: {prediction}\nYour output: ";
    }

    /// <summary>Asks whether a free answer means yes or no.</summary>
    public static string YesNo(string question, string prediction) => $"{YesNoEnglish}{question}?\nAnswer: {prediction}\nYour output: ";

    /// <summary>Asks to grade an answer by the components of its instruction; the image follows the text.</summary>
    /// <param name="row">A row with the columns question, components and component_weight.</param>
    /// <param name="prediction">The graded answer.</param>
    /// <exception cref="InputException">The components or weights are no lists of one to ten entries.</exception>
    public static string Instruction(BenchmarkRow row, string prediction)
    {
        IReadOnlyList<string> components = List(row, "components"), weights = List(row, "component_weight");
        int n = row["num_of_component"] is { } count && PythonText.TryFloat(count, out double number) ? (int)number : components.Count;
        if (n < 1 || n > Ordinals.Length || components.Count < n || weights.Count < n)
        {
            throw new InputException($"Row {row.Index} names {n} components, "
                + $"{components.Count} of them written and {weights.Count} weighed; an instruction has one to ten.");
        }
        StringBuilder text = new($"Here is an instruction for a multimodal LLM: '{row.Question}'. "
            + "You need to grade if the response from the model follows each component of the instruction. ");
        text.Append($"The first component is: '{components[0]}'");
        for (int i = 1; i < n; i++) text.Append($", and the {Ordinals[i]} component is '{components[i]}'");
        text.Append($". The response is: '{prediction}'. You need to score the response and be strict. "
            + "The total score ranges from 0 to 10, depending on if the response follows the instruction. ");
        text.Append(n == 1 ? $"The first component is worth: {weights[0]} scores. " : $"The {Series(Ordinals[..n])} component is each "
            + $"worth {Series([.. weights.Take(n)])} scores.{(n == 2 ? " " : "")}");
        text.Append("List scores of each component, and the total score in one sentence in this format: score of component 1: "
            + "x/2, score of component 2: y/8, total score: z/10. Then explain your reasons.");
        return text.ToString();
    }

    private static IReadOnlyList<string> List(BenchmarkRow row, string column) => PythonLiteral.ParseList(row[column] ?? "") ?? [];

    private static string Series(string[] items) =>
        items.Length == 2 ? $"{items[0]} and {items[1]}" : $"{string.Join(", ", items[..^1])}, and {items[^1]}";

    [GeneratedRegex("[\u4e00-\u9fff]")]
    private static partial Regex Han();
}

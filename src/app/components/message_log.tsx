import type { LoadedModel } from '../../worker/protocol.ts';
import { Answer } from './answer.tsx';
import { EmptyChat } from './empty_chat.tsx';
import { usePage } from './page_context.ts';
import { Question } from './question.tsx';

/** All turns of the conversation. */
export function MessageLog({ name, model }: { name: string; model: LoadedModel }) {
  const turns = usePage().chat.conversation.value;
  if (turns.length === 0) return <EmptyChat name={name} model={model} />;
  return (
    <>
      <h1 class="visually-hidden">Chat with {name}</h1>
      {turns.map((turn, i) =>
        turn.role === 'user' ? (
          <Question key={i} content={turn.content} />
        ) : (
          <Answer key={i} answer={turn} last={i === turns.length - 1} />
        ),
      )}
    </>
  );
}

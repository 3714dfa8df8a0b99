/** Short messages about what a person just did. */
import { notifications } from '@mantine/notifications';
import i18next from 'i18next';

export function tellFailure(error: Error): void {
  notifications.show({
    color: 'red',
    title: i18next.t('failure.title'),
    message: error.message,
    autoClose: 10_000,
  });
}

export function tellDone(message: string): void {
  notifications.show({ color: 'teal', message, autoClose: 4_000 });
}
